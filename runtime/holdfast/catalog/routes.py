"""Which script answers at which hosts and paths, as rows of the catalog: routes, custom domains.

https://developers.cloudflare.com/workers/configuration/routing/
"""

import uuid
from collections.abc import Iterator, Sequence

import apsw

from holdfast.catalog.errors import ErrorCode, UploadRejected
from holdfast.catalog.route_pattern import InvalidRoute, RoutePattern, hostname_of
from holdfast.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ScriptRoute:
    """A route, or a custom domain, whose pattern is a hostname.

    Requests for a route without a script go to none, whatever patterns are less specific.
    """

    id: str
    pattern: str
    script: str | None
    is_domain: bool


def kind_of(*, is_domain: bool) -> str:
    """What people call the two kinds."""
    return "custom domain" if is_domain else "route"


def invalid_route(message: str) -> UploadRejected:
    """The error for what is no route and no custom domain."""
    return UploadRejected(ErrorCode.INVALID_ROUTE, message)


def new_route(pattern: str, script: str | None, *, is_domain: bool = False) -> ScriptRoute:
    """Raises UploadRejected for what is no pattern, or no hostname."""
    try:
        if is_domain:
            pattern = hostname_of(pattern)
        else:
            RoutePattern.parse(pattern)
    except InvalidRoute as error:
        raise invalid_route(f'"{pattern}" is no {kind_of(is_domain=is_domain)}: {error}.') from None
    return ScriptRoute(uuid.uuid4().hex, pattern, script, is_domain)


def read_all(db: apsw.Connection) -> Iterator[ScriptRoute]:
    """All of them, by pattern."""
    return _read(db, "ORDER BY pattern, is_domain")


def read(db: apsw.Connection, route_id: str) -> ScriptRoute | None:
    """The one with this id."""
    return next(_read(db, "WHERE id = ?", route_id), None)


def read_of_script(db: apsw.Connection, script: str, *, is_domain: bool) -> list[ScriptRoute]:
    """Those of a script, in the order in which they were given."""
    return [*_read(db, "WHERE script = ? AND is_domain = ? ORDER BY rowid", script, is_domain)]


def insert(db: apsw.Connection, route: ScriptRoute) -> None:
    """Raises UploadRejected where the pattern is another script's, or this one's, already."""
    same = _read(db, "WHERE pattern = ? AND is_domain = ?", route.pattern, route.is_domain)
    if (known := next(same, None)) is not None:
        owner = f'leads to the Worker "{known.script}"' if known.script else "leads to no Worker"
        kind = kind_of(is_domain=known.is_domain)
        raise UploadRejected(
            ErrorCode.DUPLICATE_ROUTE, f'The {kind} "{known.pattern}" exists already: it {owner}.'
        )
    db.execute(
        "INSERT INTO routes (id, pattern, script, is_domain) VALUES (?, ?, ?, ?)",
        (route.id, route.pattern, route.script, route.is_domain),
    )


def delete(db: apsw.Connection, route_id: str) -> None:
    """Forget it."""
    db.execute("DELETE FROM routes WHERE id = ?", (route_id,))


def replace(
    db: apsw.Connection, script: str, routes: Sequence[ScriptRoute], *, is_domain: bool
) -> None:
    """Give a script these, and no others; one that it has keeps its id. Raises UploadRejected."""
    kept = {route.pattern: route for route in read_of_script(db, script, is_domain=is_domain)}
    db.execute("DELETE FROM routes WHERE script = ? AND is_domain = ?", (script, is_domain))
    for pattern, route in {route.pattern: route for route in routes}.items():
        insert(db, kept.get(pattern, route))


def take_over(db: apsw.Connection, script: str, hostnames: Sequence[str]) -> None:
    """Have custom domains that are other scripts' be nobody's."""
    db.executemany(
        "DELETE FROM routes WHERE is_domain AND pattern = ? AND script IS NOT ?",
        [(hostname, script) for hostname in hostnames],
    )


def _read(db: apsw.Connection, which: str, *values: str | bool) -> Iterator[ScriptRoute]:
    rows = db.execute(f"SELECT id, pattern, script, is_domain FROM routes {which}", values)  # noqa: S608
    for route_id, pattern, script, is_domain in rows:
        named = None if script is None else str(script)
        yield ScriptRoute(str(route_id), str(pattern), named, bool(is_domain))
