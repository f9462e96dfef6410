"""`_headers`: what its lines mean, and what is said of those that mean nothing."""

import pytest

from holdfast.assets.headers import MAX_RULES, HeaderRules
from holdfast.assets.rules import RuleUrl


def applied(text, path="/a", host="example.com", **fields):
    values = {name: [value] for name, value in fields.items()}
    HeaderRules(text).apply(RuleUrl(host, path), values)
    return values


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x-a: 1", "Path should come before header (x-a: 1)"),
        ("! x-a", "Expected a path beginning with at least one forward-slash"),
        ("/a\n  x-a", "Expected a colon-separated header pair (e.g. name: value)"),
        ("/a\n  x a: 1", "Header name cannot include spaces"),
        ("/a\n  : 1", "No header name specified"),
        ("/a\n  x-a:", "No header value specified"),
        ("/a\n  x(a: 1", "'x(a' is no name of a header"),
        ("/a", "No headers specified"),
        ("http://x.example/a\n  x-a: 1", "URLs should either be relative"),
        ("https://x.example:81/a\n  x-a: 1", "Specifying ports is not supported."),
        ("/*/*\n  x-a: 1", "Only one wildcard is allowed per rule."),
        ("/*/:splat\n  x-a: 1", "Cannot combine a wildcard * with a :splat placeholder"),
        ("x" * 2001, "Ignoring line 1 as it exceeds the maximum allowed length of 2000."),
    ],
)
def test_a_line_that_says_nothing_is_told_of_and_left_out(text, told):
    rules = HeaderRules(f"{text}\n/kept\n  x-kept: 1")
    assert told in str(rules.mistakes[0])
    fields = {}
    rules.apply(RuleUrl("h", "/kept"), fields)
    assert fields == {"x-kept": ["1"]}


def test_what_rules_set_goes_before_what_was_there_and_beside_what_others_set():
    text = (
        "/*\n  Etag: mine\n  X-A: 1\n  X-A: 2\n/a\n  x-a: 3\n  Set-Cookie: a\n/:b\n  set-cookie: b"
    )
    assert applied(text, etag="other") == {
        "etag": ["mine"],
        "x-a": ["1, 2, 3"],
        "set-cookie": ["a", "b"],
    }


def test_a_header_is_taken_away_before_others_are_set():
    assert applied("/a\n  x-a: new\n  ! X-A\n  ! x-b", **{"x-a": "old", "x-b": "old"}) == {
        "x-a": ["new"]
    }


def test_a_rule_may_name_a_host_whatever_the_port():
    text = "https://:who.example.com/:what\n  x-a: :who and :what"
    assert applied(text, "/page", "one.example.com") == {"x-a": ["one and page"]}
    assert applied(text, "/page", "one.two.example.com") == {}


def test_values_are_any_text():
    assert applied("/a\n  x-a: ü") == {"x-a": ["ü"]}


def test_there_are_as_many_rules_as_on_cloudflare():
    rules = HeaderRules("".join(f"/{number}\n  x: 1\n" for number in range(MAX_RULES + 2)))
    told = str(rules.mistakes[0])
    assert told.startswith(f"Maximum number of rules supported is {MAX_RULES}. Skipping remaining")


def test_what_is_filled_in_leaves_no_space_around_a_value():
    assert applied("/a/*\n  x-a: <:splat> :splat", "/a/") == {"x-a": ["<>"]}
