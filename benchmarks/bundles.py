"""Starts of scripts by their size: compiled, and with the bytecode that an earlier start kept."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.peers.holdfast import Holdfast
from holdfast.engine.kept_code import LEAST_BYTES

RUNS = 5
KEPT_WITHIN_S = 60
SIZES = {"1 kB": 1_000, "64 kB": 64_000, "300 kB": 300_000, "2 MB": 2_000_000, "15 MB": 15_000_000}

# About what a bundler makes of a package's module: classes, closures, templates, expressions.
_PIECE = """
var feature@ = {
  name: "feature-@",
  limits: { low: @, high: 0.@ },
  /** Looks at each of the entries and says what is to be done with it. */
  apply(entries, { strict = false, depth = 3 } = {}) {
    const found = new Map();
    for (const [key, value] of Object.entries(entries ?? {})) {
      if (typeof value !== "string" || !/^[a-z]{2,9}$/u.test(value)) {
        if (strict) throw new TypeError(`entry ${key} of feature @ is not a word: ${value}`);
        continue;
      }
      found.set(key, [...value].map((letter) => letter.charCodeAt(0) + depth));
    }
    return { found, size: found.size, describe: () => `${this.name}: ${found.size}` };
  },
};
var Handler@ = class extends Base {
  #count = 0;
  constructor(options) {
    super({ ...options, id: @ });
  }
  async handle(request, env, ctx) {
    this.#count++;
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/a@": return new Response(`a ${this.#count}`, { headers: { "x-id": "@" } });
      case "/b@": return Response.json({ id: @, count: this.#count, options: this.options });
      default: return new Response(String.raw`not\\found ${@}`, { status: 404 });
    }
  }
};
features.push(feature@, Handler@);
"""
_HEAD = "var features = [];\nvar Base = class { constructor(o) { this.options = o; } };\n"
_TAIL = "\nexport default { fetch: () => new Response(String(features.length)) };\n"


def bundle(size: int) -> str:
    """A script of about so many bytes, none of whose pieces is like another."""
    pieces = [_HEAD]
    length = len(_HEAD) + len(_TAIL)
    while length < size:
        pieces.append(_PIECE.replace("@", str(len(pieces))))
        length += len(pieces[-1])
    if length > size:
        pieces.pop()
    return "".join([*pieces, _TAIL])


def bundle_starts() -> list[Figure]:
    """Milliseconds from the command to the first answer, the best of some. Blocks."""
    figures = []
    for name, size in SIZES.items():
        with tempfile.TemporaryDirectory(prefix="bench-bundle-") as folder:
            script = Path(folder, "bundle.mjs")
            script.write_text(bundle(size))
            compiled, kept = _starts_ms(script)
        title = f"`holdfast run`: a bundle of {name} answers"
        figures += [Figure(f"{title}, compiled", compiled, "ms"), Figure(title, kept, "ms")]
    return figures


def _starts_ms(script: Path) -> tuple[float, float]:
    compiled, kept = [], []
    for _ in range(RUNS):
        with _cache(script.parent / "cache") as cache:
            _start_ms(script)  # what a start compiles of Holdfast itself
            _forget(cache)
            compiled.append(_start_ms(script, until_kept_in=cache))
            kept.append(_start_ms(script))
    return min(compiled), min(kept)


@contextmanager
def _cache(folder: Path) -> Iterator[Path]:
    before = os.environ.get("HOLDFAST_CACHE")
    os.environ["HOLDFAST_CACHE"] = str(folder)
    try:
        yield folder
    finally:
        if before is None:
            del os.environ["HOLDFAST_CACHE"]
        else:
            os.environ["HOLDFAST_CACHE"] = before


def _forget(cache: Path) -> None:
    for path in cache.glob("script-*"):
        path.unlink()


def _start_ms(script: Path, *, until_kept_in: Path | None = None) -> float:
    """One start; it goes on until its bytecode is kept, or is not going to be."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-start-") as folder,
        Holdfast(script=script).start(Path(folder), path="/") as server,
    ):
        if until_kept_in is not None and script.stat().st_size >= LEAST_BYTES:
            _await_kept(until_kept_in)
        return server.startup_ms


def _await_kept(cache: Path) -> None:
    deadline = time.perf_counter() + KEPT_WITHIN_S
    while not any(cache.glob("script-*")) and time.perf_counter() < deadline:
        time.sleep(0.05)
