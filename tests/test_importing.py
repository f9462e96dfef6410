"""A server starts without the package of its parser, and has all of it when it is asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import Running, get

FETCHER = """
export default { async fetch(request) {
  const { searchParams } = new URL(request.url);
  const response = searchParams.has("url") && (await fetch(searchParams.get("url")));
  return new Response(response ? `${response.status}, ${await response.text()}` : "plain");
} };
"""
PACKAGE = {
    "__init__.py": "VERSION = 3\nfrom .heavy import Weight\n",
    "heavy.py": "from . import VERSION, light\nclass Weight: pass\n",
    "light.py": "class Feather: pass\n",
}
IMPORTS = """
import sys
from holdfast.importing import without_package
with without_package("package"):
    from package.light import Feather
"""


def printed(folder: Path, code: str) -> list[str]:
    package = folder / "package"
    package.mkdir()
    for name, text in PACKAGE.items():
        (package / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_modules_are_imported_without_their_package(tmp_path: Path) -> None:
    code = IMPORTS + "print(Feather, *(name for name in sys.modules if name.startswith('package')))"
    assert printed(tmp_path, code)[-1] == "package.light"


def test_a_missing_module_has_the_package_run_first_which_finds_what_is_there(
    tmp_path: Path,
) -> None:
    code = IMPORTS + "from package.heavy import Weight, light\nimport package\n"
    code += "print(package.VERSION, package.Weight is Weight, light.Feather is Feather)"
    assert printed(tmp_path, code) == ["3", "True", "True"]


def test_a_package_that_was_imported_stays_as_it_is(tmp_path: Path) -> None:
    code = "import package; before = package" + IMPORTS + "print(sys.modules['package'] is before)"
    assert printed(tmp_path, code) == ["True"]


def test_a_server_starts_without_the_client_that_fetches(tmp_path: Path) -> None:
    code = """
from holdfast.cli import main
main(["run", "none.mjs"])  # which there is not
import sys
print("aiohttp.http_parser" in sys.modules, "aiohttp.client" in sys.modules)
"""
    assert printed(tmp_path, code)[-2:] == ["True", "False"]


def test_what_fetches_comes_after_a_start_without_it(tmp_path: Path) -> None:
    code = """
from holdfast.importing import without_package
with without_package("aiohttp"):
    import holdfast.cli.local
import holdfast.host.fetch_connections, aiohttp
print(aiohttp.ClientSession.__name__, aiohttp.__version__[0])
"""
    assert printed(tmp_path, code) == ["ClientSession", "3"]


@pytest.mark.slow
def test_a_script_of_such_a_server_fetches(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(FETCHER)
    options = ("--port", "0", "--allow-private-egress")
    with Running("run", "main.mjs", *options, folder=tmp_path) as run:
        url = run.ready()
        assert get(f"{url}/?url={url}/") == (200, "200, plain")
        assert run.stop() == 0
