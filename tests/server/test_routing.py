"""Which script a host leads to, and the origin of its URLs."""

import pytest

from holdfast.catalog.routes import new_route
from holdfast.server.route_table import RouteTable
from holdfast.server.routing import HostRoutes, OneScript, Route


@pytest.mark.parametrize("host", ["a.example:81", "[::1]:8787", "localhost"])
def test_one_script_is_served_under_every_name(host: str) -> None:
    assert OneScript("main").route(host, "/") == Route("main", f"http://{host}")


def test_one_script_is_served_to_whom_nobody_has_told_a_name() -> None:
    """HTTP/1.0 has no Host, and health checks of load balancers speak it."""
    assert OneScript("main").route("", "/") == Route("main", "http://localhost")


@pytest.mark.parametrize("host", ["", "localhost", "a b.localhost", "a.b.localhost", "a.other"])
def test_a_host_that_names_no_script_leads_nowhere(host: str) -> None:
    routes = HostRoutes("localhost")
    assert routes.route(host, "/") is None
    assert routes.nowhere.endswith(" One answers at <its name>.localhost.")


def table(**patterns: str) -> RouteTable:
    """Scripts by the patterns that lead to them; one without a slash is a custom domain."""
    routes = [
        new_route(pattern, script, is_domain="/" not in pattern)
        for script, listed in patterns.items()
        for pattern in listed.split()
    ]
    found = RouteTable()
    found.set(routes)
    return found


@pytest.mark.parametrize(
    ("host", "target", "script"),
    [
        ("shop.example", "/", "shop"),
        ("shop.example:8787", "/x", "shop"),
        ("SHOP.example.", "/x", "shop"),
        ("www.shop.example", "/", None),
        ("shop.example", "/api", "shop"),
        ("shop.example", "/api/", "api"),
        ("shop.example", "/api/a?b=c", "api"),
        ("shop.example", "/x/../api/a", "api"),
        ("shop.example", "/API/a", "shop"),
        ("shop.example", "/exact", "exact"),
        ("shop.example", "/exact?a=b", "shop"),
        ("a.wild.example", "/", "below"),
        ("b.a.wild.example", "/", "below"),
        ("wild.example", "/", None),
        ("notwild.example", "/", None),
        ("a.wild.example", "/api/", "below"),
        ("within.example", "/", "within"),
        ("a.within.example", "/", "within"),
        ("notwithin.example", "/", None),
        ("shop.localhost", "/", "shop"),
        ("api.localhost", "/", "shop"),
        ("other.localhost", "/in", "exact"),
        ("other.localhost", "/", "other"),
        ("[::1]:8787", "/", None),
        ("shop.example", "http://shop.example/api/1", "api"),
        ("shop.example", "*", "shop"),
    ],
)
def test_routes_and_custom_domains_lead_to_scripts(
    host: str, target: str, script: str | None
) -> None:
    routes = HostRoutes(
        "localhost",
        table(
            shop="shop.example api.localhost",
            api="shop.example/api/*",
            exact="shop.example/exact other.localhost/in",
            below="*.wild.example/*",
            within="*within.example/*",
        ),
    )
    for _ in range(2):  # the second time it is known
        route = routes.route(host, target)
        assert (route and route.script) == script


def test_a_route_without_a_script_leads_nowhere() -> None:
    known = table(shop="*/*")
    routes = HostRoutes("localhost", known)
    assert routes.route("shop.example", "/admin/x") == Route("shop", "http://shop.example")
    known.set([new_route("*/*", "shop"), new_route("*/admin/*", None)])
    assert routes.route("shop.example", "/admin/x") is None
    assert routes.route("shop.example", "/") == Route("shop", "http://shop.example")
    known.set([])
    assert routes.route("shop.example", "/") is None
    assert routes.route("shop.localhost", "/") == Route("shop", "http://shop.localhost")
