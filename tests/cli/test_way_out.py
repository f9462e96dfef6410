"""What helps where a script needs a bundler."""

from pathlib import Path

import pytest

from tests.cli.running import holdfast

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("main.ts", "export default { fetch(): Response {} }", "install --save-dev esbuild"),
        ("main.mjs", "import {} from './view.tsx'", "view.tsx has to be compiled"),
        ("main.mjs", "import { Hono } from 'hono'", "install --save-dev esbuild"),
        ("main.mjs", "import x from '@scope/pack/part'", "install --save-dev esbuild"),
    ],
)
def test_what_has_to_be_bundled_is_told_in_a_line_and_where_it_is_imported(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / "view.tsx").write_text("")
    (tmp_path / name).write_text(text)
    done = holdfast("run", name, "--port", "0", folder=tmp_path)
    reason, *places = done.err.splitlines()
    assert done.code == 1 and told in reason
    assert all(place.startswith("    at main.mjs:1:") for place in places)


@pytest.mark.parametrize(
    "specifier", ["./none.mjs", "./none.txt", "node:nothing", "cloudflare:nothing"]
)
def test_what_no_bundler_helps_with_names_none(tmp_path: Path, specifier: str) -> None:
    (tmp_path / "main.mjs").write_text(f"import x from '{specifier}'; export default {{}}")
    done = holdfast("run", "main.mjs", "--port", "0", folder=tmp_path)
    assert done.code == 1 and "esbuild" not in done.err
