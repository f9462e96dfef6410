"""Which files of a checkout are tests, and which of them this kind of runtime can run.

A Worker's global scope has no document and no parent to post messages to. Of the kinds of
tests that there are, `.any.js` are written for every scope; they run where one of the scopes
that they name is like ours. Every other kind is listed with its reason.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.wpt.expected import Expectations
from tests.wpt.metadata import Metadata, read_metadata

# Folders of what tests use; nothing in them is a test.
HELPERS = frozenset({"resources", "support", "common", "interfaces", "tools", "docs", "css"})

# Folders below which each folder is an area of its own.
GROUPS = frozenset({"dom", "fetch", "html", "webidl", "xhr"})
DEEPER_GROUPS = frozenset({"html/webappapis"})

# What the name of a test asks of the server, and the runner's does not have.
UNSERVED = {
    ".h2.": "the server speaks no HTTP/2",
    "wpt_flags=h2": "the server speaks no HTTP/2",
    "?wss": "the server has no TLS",
}

KINDS = {
    ".window.js": "needs a window",
    ".worker.js": "needs a dedicated worker with importScripts() and postMessage()",
    ".sharedworker.js": "needs a SharedWorker",
    ".serviceworker.js": "needs a ServiceWorker",
    ".html": "needs a document",
    ".htm": "needs a document",
    ".xhtml": "needs a document",
    ".svg": "needs a document",
}


@dataclass(frozen=True, slots=True)
class Test:
    """One run of a test file: the file and one of its variants."""

    __test__ = False

    area: str
    file: str  # its path in the checkout
    variant: str  # such as "?1-1000", or ""
    metadata: Metadata

    @property
    def name(self) -> str:
        """The path and the variant, as the browsers' reports have it."""
        return self.file + self.variant

    @property
    def seconds(self) -> float:
        """How long the test may take."""
        return 60.0 if self.metadata.is_long else 20.0


@dataclass(frozen=True, slots=True)
class NotRun:
    """A test file that is not run, with the reason."""

    area: str
    file: str
    reason: str


def area_of(file: str, areas: Iterable[str] = ()) -> str:
    """The area that a file belongs to: the nearest of `areas`, or its top folders."""
    known = [area for area in areas if file.startswith(area + "/")]
    if known:
        return max(known, key=len)
    parts = file.split("/")
    depth = 2 if parts[0] in GROUPS and len(parts) > 2 else 1
    if "/".join(parts[:2]) in DEEPER_GROUPS and len(parts) > 3:
        depth = 3
    return "/".join(parts[:depth])


def discover(
    checkout: Path, expectations: Expectations, selection: Iterable[str]
) -> Iterator[Test | NotRun]:
    """The tests below the selected folders, files or beginnings of either."""
    chosen = [choice.strip("/") for choice in selection]
    for path in _candidates(checkout, chosen):
        file = path.relative_to(checkout).as_posix()
        area = area_of(file, expectations.areas)
        reason = _reason(file, expectations) or expectations.why_not_run(area, file)
        if reason:
            yield NotRun(area, file, reason)
            continue
        metadata = read_metadata(path)
        if file.endswith(".any.js") and not metadata.is_for_us:
            yield NotRun(area, file, f"is for {', '.join(metadata.scopes)} only")
            continue
        for variant in metadata.variants:
            unserved = next((why for mark, why in UNSERVED.items() if mark in file + variant), None)
            if unserved:
                yield NotRun(area, file + variant, unserved)
            else:
                yield Test(area, file, variant, metadata)


def _candidates(checkout: Path, chosen: list[str]) -> list[Path]:
    """Every file that could be a test, in order."""
    found = (path for start in _starts(checkout, chosen) for path in start.rglob("*"))
    named = (path for choice in chosen for path in checkout.glob(choice + "*") if path.is_file())
    return sorted(path for path in {*found, *named} if _could_be_test(path, checkout))


def _starts(checkout: Path, chosen: list[str]) -> list[Path]:
    if not chosen:
        return [path for path in checkout.iterdir() if path.is_dir() and path.name not in HELPERS]
    return [
        path
        for choice in chosen
        for path in (
            [checkout / choice] if (checkout / choice).is_dir() else checkout.glob(choice + "*")
        )
        if path.is_dir()
    ]


def _could_be_test(path: Path, checkout: Path) -> bool:
    parts = path.relative_to(checkout).parts
    if not HELPERS.isdisjoint(parts[:-1]) or not path.is_file():
        return False
    name = path.name
    return name.endswith(".any.js") or any(name.endswith(kind) for kind in KINDS)


def _reason(file: str, expectations: Expectations) -> str | None:
    if file.endswith(".any.js") or expectations.is_also_run(file):
        return None
    return next(reason for kind, reason in KINDS.items() if file.endswith(kind))
