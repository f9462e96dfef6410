"""Which file a path leads to, or which other path it is to be asked for at.

The four ways to handle HTML are lists of steps, taken in order until one leads somewhere: `Serve`
a file, or `Redirect` to the path where a file is served, if that file is what one gets there.

https://developers.cloudflare.com/workers/static-assets/routing/advanced/html-handling/
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from holdfast.assets.asset import Asset
from holdfast.assets.configuration import HtmlHandling, NotFoundHandling
from holdfast.dataclass import dataclass

Find = Callable[[str], Asset | None]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a path leads to: an asset with a status, or `redirect`, another path."""

    asset: Asset | None = None
    status: int = 200
    redirect: str | None = None


class Serve(NamedTuple):
    """Serve the file, if there is one."""

    file: str


class Redirect(NamedTuple):
    """Send the client to `path`, if that is where the file is served."""

    file: str
    path: str


Step = Serve | Redirect


def intent_of(
    path: str, html: HtmlHandling, not_found: NotFoundHandling, find: Find
) -> Intent | None:
    """What a decoded path leads to; None where there is nothing."""
    return _intent(path, html, not_found, find, may_redirect=True)


def _intent(
    path: str, html: HtmlHandling, not_found: NotFoundHandling, find: Find, *, may_redirect: bool
) -> Intent | None:
    for step in _STEPS[html](path):
        match step:
            case Serve(file):
                if asset := find(file):
                    return Intent(asset)
            case Redirect(file, target) if may_redirect:
                asset = find(file)
                if asset is None or find(target) is not None:
                    continue
                there = _intent(target, html, not_found, find, may_redirect=False)
                if there is not None and there.asset and there.asset.etag == asset.etag:
                    return Intent(redirect=target)
    return _not_found(path, not_found, find)


def _not_found(path: str, handling: NotFoundHandling, find: Find) -> Intent | None:
    if handling is NotFoundHandling.SINGLE_PAGE:
        asset = find("/index.html")
        return Intent(asset) if asset else None
    if handling is NotFoundHandling.PAGE:
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if asset := find(f"{folder}/404.html"):
                return Intent(asset, 404)
    return None


def _auto(path: str) -> Iterator[Step]:
    """A file `a.html` is at `/a`, and `a/index.html` at `/a/`."""
    if path.endswith("/index"):
        folder = path.removesuffix("/index")
        yield Serve(path)
        yield Redirect(f"{path}.html", f"{folder}/")
        yield Redirect(f"{folder}.html", folder)
    elif path.endswith("/index.html"):
        folder = path.removesuffix("/index.html")
        yield Redirect(path, f"{folder}/")
        yield Redirect(f"{folder}.html", folder)
    elif path.endswith("/"):
        yield Serve(f"{path}index.html")
        yield Redirect(f"{path[:-1]}.html", path[:-1])
    elif path.endswith(".html"):
        stem = path.removesuffix(".html")
        yield Redirect(path, stem)
        yield Redirect(f"{stem}/index.html", f"{stem}/")
    yield Serve(path)
    yield Serve(f"{path}.html")
    yield Redirect(f"{path}/index.html", f"{path}/")


def _force(path: str) -> Iterator[Step]:
    """Files `a.html` and `a/index.html` are at `/a/`."""
    if path.endswith("/index"):
        folder = path.removesuffix("/index")
        yield Serve(path)
        yield Redirect(f"{path}.html", f"{folder}/")
        yield Redirect(f"{folder}.html", f"{folder}/")
    elif path.endswith("/index.html"):
        folder = path.removesuffix("/index.html")
        yield Redirect(path, f"{folder}/")
        yield Redirect(f"{folder}.html", f"{folder}/")
    elif path.endswith("/"):
        yield Serve(f"{path}index.html")
        yield Serve(f"{path[:-1]}.html")
    elif path.endswith(".html"):
        stem = path.removesuffix(".html")
        yield Redirect(path, f"{stem}/")
        yield Serve(path)
        yield Redirect(f"{stem}/index.html", f"{stem}/")
    yield Serve(path)
    yield Redirect(f"{path}.html", f"{path}/")
    yield Redirect(f"{path}/index.html", f"{path}/")


def _drop(path: str) -> Iterator[Step]:
    """Files `a.html` and `a/index.html` are at `/a`; that of the root keeps its slash."""
    if path == "/index":
        yield Serve(path)
        yield Redirect("/index.html", "/")
    elif path.endswith("/index"):
        folder = path.removesuffix("/index")
        yield Serve(path)
        yield Redirect(f"{folder}.html", folder)
        yield Redirect(f"{path}.html", folder)
    elif path == "/index.html":
        yield Redirect(path, "/")
    elif path.endswith("/index.html"):
        folder = path.removesuffix("/index.html")
        yield Redirect(path, folder)
        yield Serve(path)
        yield Redirect(f"{folder}.html", folder)
    elif path == "/":
        yield Serve("/index.html")
    elif path.endswith("/"):
        yield Redirect(f"{path[:-1]}.html", path[:-1])
        yield Redirect(f"{path}index.html", path[:-1])
    elif path.endswith(".html"):
        stem = path.removesuffix(".html")
        yield Redirect(path, stem)
        yield Redirect(f"{stem}/index.html", stem)
    yield Serve(path)
    yield Serve(f"{path}.html")
    yield Serve(f"{path}/index.html")


def _none(path: str) -> Iterable[Step]:
    """A file is at its own path."""
    return (Serve(path),)


_STEPS: dict[HtmlHandling, Callable[[str], Iterable[Step]]] = {
    HtmlHandling.AUTO: _auto,
    HtmlHandling.FORCE: _force,
    HtmlHandling.DROP: _drop,
    HtmlHandling.NONE: _none,
}
