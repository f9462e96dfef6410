"""Routes and custom domains: what a pattern is for, and how the catalog keeps them."""

import itertools
from dataclasses import replace

import pytest

from holdfast.catalog import Catalog, ScriptNotFound, UploadRejected
from holdfast.catalog.route_pattern import InvalidRoute, Reach, RoutePattern
from holdfast.catalog.routes import new_route
from tests.inprocess import make_script


@pytest.mark.parametrize(
    ("text", "reach", "hostname", "path", "is_prefix"),
    [
        ("example.com/*", Reach.ONE, "example.com", "/", True),
        ("example.com", Reach.ONE, "example.com", "/", False),
        ("https://Example.com/A/b", Reach.ONE, "example.com", "/A/b", False),
        ("*.example.com/x*", Reach.BELOW, "example.com", "/x", True),
        ("*example.com/*", Reach.WITHIN, "example.com", "/", True),
        ("*/*", Reach.ANY, "", "/", True),
        ("bücher.example/ü/*", Reach.ONE, "xn--bcher-kva.example", "/%C3%BC/", True),
        ("example.com/a/../b", Reach.ONE, "example.com", "/b", False),
    ],
)
def test_a_pattern_is_a_host_and_a_path(text, reach, hostname, path, is_prefix):
    pattern = RoutePattern.parse(text)
    assert (pattern.reach, pattern.hostname) == (reach, hostname)
    assert (pattern.path, pattern.is_prefix) == (path, is_prefix)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no hostname"),
        ("/path/*", "no hostname"),
        ("*./*", "no hostname"),
        ("example.com/*.jpg", "may stand at the beginning"),
        ("ex*ample.com/*", "may stand at the beginning"),
        ("example.com/?a=1", "no query"),
        ("ftp://example.com/*", "http or https"),
        ("example.com:8080/*", "no port"),
        ("user@example.com/*", "no port"),
        ("exa mple.com/*", "is no hostname"),
        ("example.com/" + "a" * 2_000, "characters"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(text, why):
    with pytest.raises(InvalidRoute, match=why):
        RoutePattern.parse(text)


def test_the_more_specific_pattern_comes_first():
    in_order = [
        "https://a.example.com/x",
        "a.example.com/x",
        "a.example.com/x/y*",
        "a.example.com/x*",
        "a.example.com/*",
        "*a.example.com/x",
        "*.example.com/x",
        "*.example.com/*",
        "*example.com/*",
        "*.com/*",
        "*/x",
        "*/*",
    ]
    for first, second in itertools.pairwise(map(RoutePattern.parse, in_order)):
        assert first.specificity > second.specificity, (first, second)


@pytest.fixture
def catalog(tmp_path):
    with Catalog(tmp_path / "catalog.sqlite") as catalog:
        for name in ("one", "two"):
            script = replace(make_script(name, "export default {};"), version=name)
            catalog.put_script(script, handlers=["fetch"], classes=[])
        yield catalog


def patterns(routes):
    return [route.pattern for route in routes]


def test_a_script_has_the_routes_that_were_given_last(catalog):
    first = catalog.put_routes("one", ["a.example/*", "b.example/*", "a.example/*"])
    assert patterns(first) == ["a.example/*", "b.example/*"]
    second = catalog.put_routes("one", ["b.example/*", "c.example/*"])
    assert patterns(second) == ["b.example/*", "c.example/*"]
    assert second[0].id == first[1].id, "what stays is the same"
    catalog.put_routes("one", ["a.example"], is_domain=True)
    assert catalog.put_routes("one", []) == []
    assert patterns(catalog.all_routes()) == ["a.example"], "custom domains are apart"
    with pytest.raises(ScriptNotFound):
        catalog.put_routes("nobody", ["a.example/*"])


def test_a_pattern_leads_to_one_script(catalog):
    catalog.put_routes("one", ["a.example/*"])
    catalog.put_routes("two", ["z.example/*"])
    with pytest.raises(UploadRejected, match='exists already: it leads to the Worker "one"'):
        catalog.put_routes("two", ["b.example/*", "a.example/*"])
    assert patterns(catalog.routes_of("two", is_domain=False)) == ["z.example/*"], "as before"
    with pytest.raises(UploadRejected, match="exists already"):
        catalog.put_route(new_route("a.example/*", None))


def test_a_custom_domain_can_be_taken_over(catalog):
    catalog.put_routes("one", ["a.example", "b.example"], is_domain=True)
    with pytest.raises(UploadRejected, match="exists already"):
        catalog.put_routes("two", ["A.example"], is_domain=True)
    catalog.put_routes("two", ["A.example"], is_domain=True, takes_over=True)
    assert patterns(catalog.routes_of("one", is_domain=True)) == ["b.example"]
    assert patterns(catalog.routes_of("two", is_domain=True)) == ["a.example"]


def test_routes_go_with_their_script(catalog):
    catalog.put_routes("one", ["a.example/*"])
    catalog.put_routes("one", ["a.example"], is_domain=True)
    nobodys = new_route("b.example/private/*", None)
    catalog.put_route(nobodys)
    catalog.delete_script("one")
    assert catalog.all_routes() == [nobodys]
