"""How the handlers of each area are reached."""

from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from holdfast.api.body import withhold_continue

Route = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]
"""A method, a path with its parameters in braces, and who answers."""


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Serve these; a handler that wants a body invites it (see body.withhold_continue)."""
    for method, path, handler in routes:
        app.router.add_route(method, path, handler, expect_handler=withhold_continue)
