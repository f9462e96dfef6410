"""The routes and custom domains that a project's configuration asks for.

https://developers.cloudflare.com/workers/wrangler/configuration/#types-of-routes
"""

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.catalog.routes import invalid_route, new_route
from holdfast.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """A route, or a custom domain, whose pattern is a hostname."""

    pattern: str
    is_domain: bool


def declared_routes(entries: Any) -> tuple[DeclaredRoute, ...]:
    """Of the field `routes`. Raises UploadRejected."""
    if not isinstance(entries, list):
        raise invalid_route("must be a list")
    return tuple(_declared(entries))


def _declared(entries: list[Any]) -> Iterator[DeclaredRoute]:
    for entry in entries:
        fields = {"pattern": entry} if isinstance(entry, str) else entry
        pattern = fields.get("pattern") if isinstance(fields, Mapping) else None
        if not isinstance(pattern, str):
            raise invalid_route('has an entry that is neither a pattern nor has a "pattern"')
        is_domain = fields.get("custom_domain") is True
        found = new_route(pattern, None, is_domain=is_domain)
        yield DeclaredRoute(found.pattern, is_domain)
