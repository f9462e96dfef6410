"""The modules of Node.js beside Node.js itself: the same script tells the same on both.

A transcript's default export gets a function `log`, and logs texts. Whatever depends on the
machine, on chance or on an engine's own wording has no place in one.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.inprocess import Server

HERE = Path(__file__).parent / "transcripts"
TRANSCRIPTS = sorted(HERE.glob("*.mjs"))
NODE = shutil.which("node")
MAJOR = 20  # whose behaviour is followed

MAIN = """
import run from "./transcript.mjs";
export default {
  async fetch() {
    const lines = [];
    await run((...texts) => lines.push(texts.join(" ")));
    return Response.json(lines);
  },
};
"""
RUNNER = """
import run from %s;
const lines = [];
await run((...texts) => lines.push(texts.join(" ")));
process.stdout.write(JSON.stringify(lines));
"""


def node_major() -> int:
    assert NODE is not None
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.strip().removeprefix("v").partition(".")[0])


def on_node(path: Path) -> list[str]:
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--no-warnings", "--input-type=module", "-"],
        input=RUNNER % json.dumps(path.as_uri()),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    lines: list[str] = json.loads(done.stdout)
    return lines


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="Node.js is not installed; it comes with npm")
@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_a_script_tells_the_same_as_on_node(tmp_path: Path, path: Path) -> None:
    if node_major() != MAJOR:
        pytest.skip(f"Node.js {node_major()} is installed, {MAJOR} is what is followed")
    async with Server(tmp_path) as server:
        server.add("main", MAIN, modules={"transcript.mjs": path.read_text()})
        answer = await server.fetch()
        assert answer.status == 200, server.lines
        told = json.loads(answer.text)
    expected = on_node(path)
    assert len(expected) > 20, "a transcript that says so little proves nothing"
    assert told == expected
