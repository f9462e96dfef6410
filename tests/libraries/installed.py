"""Libraries from npm in `.libraries/`, and Workers bundled with them as Wrangler does it.

They are installed when a test first asks for them, and again when package.json has changed.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.serving import REPOSITORY

HERE = Path(__file__).parent
WORKERS = HERE / "workers"
FOLDER = REPOSITORY / ".libraries"
INSTALL_TIMEOUT_S = 300
BUNDLE_TIMEOUT_S = 60

# What Wrangler gives esbuild; Node.js's modules are left to the runtime.
_OPTIONS = [
    "--bundle",
    "--format=esm",
    "--platform=browser",
    "--conditions=workerd,worker,browser",
    "--external:node:*",
    "--external:cloudflare:*",
    "--log-level=error",
    '--define:process.env.NODE_ENV="production"',
    # For CommonJS inside that requires modules of Node.js; Wrangler turns those into imports.
    '--banner:js=import { createRequire as $make } from "node:module"; const require = $make("/");',
]
_BARE = (
    "assert async_hooks buffer child_process crypto dns events fs http https module net os path"
    " process querystring stream timers tls tty url util zlib"
)


def installed() -> Path:
    """The folder with `node_modules` in it; skips the test where there is no npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    FOLDER.mkdir(exist_ok=True)
    wanted = (HERE / "package.json").read_text()
    marker = FOLDER / ".installed"
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not marker.exists() or marker.read_text() != wanted:
            (FOLDER / "package.json").write_text(wanted)
            options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
            done = subprocess.run(
                [npm, "install", *options],
                cwd=FOLDER,
                capture_output=True,
                text=True,
                timeout=INSTALL_TIMEOUT_S,
            )
            assert done.returncode == 0, done.stderr
            marker.write_text(wanted)
    return FOLDER


def bundled(name: str) -> str:
    """The Worker `workers/<name>.mjs` with the libraries that it imports, as one module."""
    return _run_esbuild(WORKERS / f"{name}.mjs")


def bundled_with_wasm(name: str, folder: Path) -> tuple[str, dict[str, bytes]]:
    """The Worker `wasm/<name>.mjs`, and the modules of WebAssembly beside it, by their names."""
    copies = ["--loader:.wasm=copy", "--asset-names=[name]-[hash]", f"--outdir={folder}"]
    _run_esbuild(HERE / "wasm" / f"{name}.mjs", *copies)
    modules = {path.name: path.read_bytes() for path in folder.glob("*.wasm")}
    return (folder / f"{name}.js").read_text(), modules


def _run_esbuild(main: Path, *options: str) -> str:
    folder = installed()
    done = subprocess.run(
        [
            folder / "node_modules" / ".bin" / "esbuild",
            main,
            *_OPTIONS,
            *(f"--external:{module}" for module in _BARE.split()),
            *options,
        ],
        env={**os.environ, "NODE_PATH": str(folder / "node_modules")},
        capture_output=True,
        text=True,
        timeout=BUNDLE_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
