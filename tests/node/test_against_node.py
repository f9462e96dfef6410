"""The modules of Node.js beside Node.js itself: the same script tells the same on both.

A transcript's default export gets a function `log`, and logs texts. Whatever depends on the
machine, on chance or on an engine's own wording has no place in one.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from holdfast.host.constants import NODE_BUILTINS
from tests.inprocess import Server
from tests.peers import Workerd

HERE = Path(__file__).parent / "transcripts"
TRANSCRIPTS = sorted(HERE.glob("*.mjs"))
SHARED = {f"shared/{path.name}": path.read_text() for path in (HERE / "shared").glob("*.mjs")}
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
        server.add("main", MAIN, modules=SHARED | {"transcript.mjs": path.read_text()})
        answer = await server.fetch()
        assert answer.status == 200, server.lines
        told = json.loads(answer.text)
    expected = on_node(path)
    assert len(expected) > 20, "a transcript that says so little proves nothing"
    assert told == expected


NAMES = """
const told = {};
for (const name of %s) told[name] = Object.keys(await import(`node:${name}`));
process.stdout.write(JSON.stringify(told));
"""
# Not part of what Node.js documents, or constants of an operating system.
PRIVATE = ("_", "SSL_", "TLS", "UV_", "RSA_", "ENGINE_", "POINT_", "DH_", "S_I", "O_", "RTLD_")


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="Node.js is not installed; it comes with npm")
async def test_every_export_of_node_can_be_imported(tmp_path: Path) -> None:
    """An import of a name that is not there would keep a whole script from loading."""
    if node_major() != MAJOR:
        pytest.skip(f"Node.js {node_major()} is installed, {MAJOR} is what is followed")
    assert NODE is not None
    # sqlite is younger; node:test is what can be mocked.
    # Those with a dash in front are parts of others.
    documented = {name for name in NODE_BUILTINS if not name.startswith("_")}
    names = sorted(documented - {"constants", "node:test", "sqlite", "sys"})
    done = subprocess.run(
        [NODE, "--input-type=module", "-"],
        input=NAMES % json.dumps(names),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    theirs: dict[str, list[str]] = json.loads(done.stdout)
    imports = "".join(f'import * as m{i} from "node:{name}";' for i, name in enumerate(names))
    told = ",".join(f'"{name}": Object.keys(m{i})' for i, name in enumerate(names))
    async with Server(tmp_path) as server:
        server.add(
            "main", f"{imports} export default {{ fetch: () => Response.json({{{told}}}) }};"
        )
        ours: dict[str, list[str]] = json.loads(await server.text())
    missing = {
        f"{name}.{key}"
        for name in names
        for key in set(theirs[name]) - set(ours[name])
        if not key.startswith(PRIVATE)
    }
    assert missing == set()


# What workerd exports beyond Node.js 20, and nobody can do much with.
_LEFT_OUT = {
    "assert.Assert",
    "assert/strict.Assert",
    "module.register",
    "net.BoundSocket",
    "url.toPathIfFileURL",
    *(f"crypto.{name}KeyObject" for name in ("Private", "Public", "Secret")),
    *(f"crypto.{name}" for name in ("createCipher", "createDecipher", "CryptoKey", "fips")),
    *(f"process.{name}" for name in ("channel", "connected", "execve", "finalization")),
    *(f"process.{name}" for name in ("getSourceMapsSupport", "permission", "send")),
}
# Its old constants, which are in its `constants`, too.
_OF_ZLIB = "zlib."


@pytest.mark.slow
async def test_every_export_of_workerd_can_be_imported(tmp_path: Path) -> None:
    documented = {name.removeprefix("node:") for name in NODE_BUILTINS if name[0] != "_"}
    names = sorted(documented - {"sys"})
    imports = "".join(f'import * as m{i} from "node:{name}";' for i, name in enumerate(names))
    told = ",".join(f'"{name}": Object.keys(m{i})' for i, name in enumerate(names))
    script = f"{imports} export default {{ fetch: () => Response.json({{{told}}}) }};"
    with Workerd(tmp_path, script, {}, compatibility_date="2026-09-01") as workerd:
        theirs: dict[str, list[str]] = json.loads(workerd.get())
    async with Server(tmp_path) as server:
        server.add("main", script)
        ours: dict[str, list[str]] = json.loads(await server.text())
    missing = {
        f"{name}.{key}"
        for name in names
        for key in set(theirs[name]) - set(ours[name])
        if not key.startswith(PRIVATE)
    }
    assert {name for name in missing if not name.startswith(_OF_ZLIB)} - _LEFT_OUT == set()
