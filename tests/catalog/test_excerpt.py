"""The places of a stack, shown in the sources."""

import pytest

from holdfast.catalog.excerpt import excerpt, lacking_binding, place_in

SOURCES = {"main.mjs": "a;\nb;\nreturn env.SHOP.fetch(env.PLACE);\n", "min.js": "x" * 1_000}


def test_the_first_place_that_is_in_a_source_is_shown_with_the_lines_around():
    stack = ["TypeError: no", "    at f (other.mjs:1:1)", "    at fetch (main.mjs:3:12)"]
    assert excerpt(place_in(stack, SOURCES)).splitlines() == [
        "main.mjs:3",
        "     1 | a;",
        "     2 | b;",
        ">    3 | return env.SHOP.fetch(env.PLACE);",
        "       |            ^",
    ]


@pytest.mark.parametrize("stack", ["a text", "at other.mjs:1:1", "at main.mjs:9:1"])
def test_what_is_in_no_source_is_not_shown(stack):
    assert excerpt(place_in([stack], SOURCES)) == ""


def test_a_line_without_end_is_cut():
    assert len(excerpt(place_in(["at min.js:1:900"], SOURCES))) < 300


def test_a_binding_that_env_lacks_is_found_by_the_line_that_asks_for_it():
    place = place_in(["at main.mjs:3:12"], SOURCES)
    undefined = "cannot read property 'fetch' of undefined"
    assert lacking_binding(undefined, place, ["PLACE"]) == "SHOP"
    assert lacking_binding(undefined, place, ["PLACE", "SHOP"]) is None
    assert lacking_binding("something else", place, []) is None
    assert lacking_binding(undefined, None, []) is None
