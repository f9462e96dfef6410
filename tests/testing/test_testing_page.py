"""docs/testing.md is true: every snippet is a file of one folder, whose tests all pass."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
SNIPPET = re.compile(
    r"^```(python|js|toml|json\w*)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


@pytest.mark.slow
def test_every_snippet_of_the_page_works(tmp_path: Path) -> None:
    snippets = SNIPPET.findall(PAGE.read_text())
    assert all(name for _, name, _ in snippets), "each snippet says which file it is"
    for _, name, text in snippets:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tests = sum(len(re.findall(r"^\s*(?:async )?def test_", text, re.M)) for *_, text in snippets)
    found = re.search(r"(\d+) passed, 1 skipped", done.stdout)
    assert found is not None and int(found[1]) > tests, done.stdout
