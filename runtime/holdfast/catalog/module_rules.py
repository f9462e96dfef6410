"""What a project's `rules` say of its files.

Wrangler tells by its globs what each file is that a script imports. The program of esbuild can only
be told what the names of such files end in.

https://developers.cloudflare.com/workers/wrangler/bundling/#including-non-javascript-modules
"""

import os
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from holdfast.engine.modules import ModuleKind

_CODE = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".json")
_ENDING = re.compile(r"[^.]*((?:\.[\w+-]+)+)(?:\?.*)?")


def fits(name: str, glob: str) -> bool:
    """Whether a file has a rule's glob; its name is told from the project's folder."""
    glob = glob.removeprefix("./")
    return fnmatch(name, glob) or fnmatch(f"/{name}", glob)


def copied_endings(rules: Iterable[tuple[str, ModuleKind]], folder: Path) -> Iterator[str]:
    """What the names end in of files that are text or data, as `.md` or `.client.js`. Blocks.

    A glob that does not say it stands for the files below the folder that it fits. Code of a
    script ends as its text does: where a rule tells them apart by their folders alone, it is code.
    """
    for glob, kind in rules:
        if kind in (ModuleKind.ESM, ModuleKind.COMMONJS):
            continue
        of_glob = _ending(glob.rpartition("/")[2])
        endings = (of_glob,) if of_glob else {_ending(path.name) for path in _fitting(glob, folder)}
        yield from sorted(filter(None, endings))


def _ending(name: str) -> str | None:
    found = _ENDING.fullmatch(name)
    return found[1] if found and found[1] not in _CODE else None


def _fitting(glob: str, folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = (name for name in folders if name != "node_modules" and name[0] != ".")
        for path in (Path(here, name) for name in names):
            if fits(path.relative_to(folder).as_posix(), glob):
                yield path
