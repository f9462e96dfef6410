"""`RouteTable`: the routes and custom domains of a server, found by hostname."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from holdfast.catalog.route_pattern import Reach, RoutePattern
from holdfast.catalog.routes import ScriptRoute


class Rule(NamedTuple):
    """Requests for the pattern's paths go to the script, or to none."""

    pattern: RoutePattern
    script: str | None


class RouteTable:
    """Holds them by host, so that it takes as long to look among thousands as among a few."""

    def __init__(self) -> None:
        self._by_host: dict[tuple[Reach, str], list[Rule]] = {}
        self._domains: dict[str, Rule] = {}
        self._watchers: list[Callable[[], None]] = []

    def watch(self, changed: Callable[[], None]) -> None:
        """Have `changed` called whenever there are others."""
        self._watchers.append(changed)

    def set(self, routes: Iterable[ScriptRoute]) -> None:
        """Hold these, and no others."""
        by_host = defaultdict(list)
        domains = {}
        for route in routes:
            text = f"{route.pattern}/*" if route.is_domain else route.pattern
            rule = Rule(RoutePattern.parse(text), route.script)
            if route.is_domain:
                domains[rule.pattern.hostname] = rule
            else:
                by_host[rule.pattern.reach, rule.pattern.hostname].append(rule)
        self._by_host, self._domains = dict(by_host), domains
        for changed in self._watchers:
            changed()

    def at(self, hostname: str) -> list[Rule]:
        """What there is for a host, in the order in which it counts.

        The most specific pattern comes first; a custom domain comes behind all routes. Nothing
        follows a rule that leaves no path to others.
        """
        found = [*self._by_host.get((Reach.ONE, hostname), ())]
        found += self._with_wildcard(hostname)
        found.sort(key=lambda rule: rule.pattern.specificity, reverse=True)
        if hostname in self._domains:
            found.append(self._domains[hostname])
        for number, rule in enumerate(found, 1):
            if rule.pattern.has_every_path:
                return found[:number]
        return found

    def _with_wildcard(self, hostname: str) -> Iterable[Rule]:
        yield from self._by_host.get((Reach.ANY, ""), ())
        yield from self._by_host.get((Reach.WITHIN, hostname), ())
        above = hostname
        while above:
            above = above.partition(".")[2]
            yield from self._by_host.get((Reach.BELOW, above), ())
            yield from self._by_host.get((Reach.WITHIN, above), ())
