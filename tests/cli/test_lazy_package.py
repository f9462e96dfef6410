"""A lazy package's modules come without it, and it comes when it is asked for."""

import subprocess
import sys
from pathlib import Path

PACKAGE = {
    "__init__.py": "from lazy.heavy import Weight\nVERSION = 3\n",
    "heavy.py": "from . import light\nclass Weight: pass\n",
    "light.py": "",
}
IMPORTS = """
import sys
from holdfast.cli.lazy_package import import_lazily
import_lazily("lazy")
import lazy.light
from lazy import light
"""
HEAVY = "\nprint('lazy.heavy' in sys.modules)\n"


def printed(folder: Path, code: str) -> list[str]:
    package = folder / "lazy"
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


def test_modules_of_a_lazy_package_do_not_run_it(tmp_path: Path) -> None:
    assert printed(tmp_path, IMPORTS + HEAVY) == ["False"]


def test_a_name_of_the_package_itself_runs_it_once(tmp_path: Path) -> None:
    code = IMPORTS + "print(lazy.VERSION, lazy.Weight is lazy.heavy.Weight)" + HEAVY
    assert printed(tmp_path, code) == ["3", "True", "True"]


def test_a_package_that_was_imported_stays_as_it_is(tmp_path: Path) -> None:
    code = "import lazy; before = lazy" + IMPORTS + "print(lazy is before)" + HEAVY
    assert printed(tmp_path, code) == ["True", "True"]


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
from holdfast.cli.lazy_package import import_lazily
import_lazily("aiohttp")
import holdfast.cli.local, holdfast.host.fetch_connections
import aiohttp
print(aiohttp.ClientSession.__name__, aiohttp.__version__[0])
"""
    assert printed(tmp_path, code)[-2:] == ["ClientSession", "3"]
