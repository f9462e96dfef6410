"""Modules that no text of a script names, for an `import()` of what is only known as it runs.

https://developers.cloudflare.com/workers/wrangler/bundling/#including-additional-modules
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_GLOB = re.compile(r"\*\*/|\*\*|\*|\?|.")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def find_modules(folder: Path, globs: Iterable[str], *, besides: Path) -> Iterator[Path]:
    """The files below a folder that fit one of the globs, by their path from there. Blocks.

    Left out are `besides`, and folders of packages and hidden ones.
    """
    patterns = [_compiled(glob.removeprefix("./")) for glob in globs]
    if not patterns:
        return
    for here, folders, names in os.walk(folder):
        folders[:] = (name for name in folders if name != "node_modules" and name[0] != ".")
        for path in (Path(here, name) for name in names):
            name = path.relative_to(folder).as_posix()
            if path != besides and any(pattern.fullmatch(name) for pattern in patterns):
                yield path


def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile(_GLOB.sub(lambda found: _MEANING.get(found[0], re.escape(found[0])), glob))
