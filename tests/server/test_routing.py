"""Which script a host leads to, and the origin of its URLs."""

import pytest

from holdfast.server.routing import HostRoutes, OneScript, Route


@pytest.mark.parametrize("host", ["a.example:81", "[::1]:8787", "localhost"])
def test_one_script_is_served_under_every_name(host: str) -> None:
    assert OneScript("main").route(host) == Route("main", f"http://{host}")


def test_one_script_is_served_to_whom_nobody_has_told_a_name() -> None:
    """HTTP/1.0 has no Host, and health checks of load balancers speak it."""
    assert OneScript("main").route("") == Route("main", "http://localhost")


@pytest.mark.parametrize("host", ["", "localhost", "a b.localhost", "a.b.localhost", "a.other"])
def test_a_host_that_names_no_script_leads_nowhere(host: str) -> None:
    assert HostRoutes("localhost").route(host) is None
