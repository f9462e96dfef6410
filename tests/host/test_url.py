"""The URL ops, called as an isolate calls them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.host.url import url_parse, url_set

HOST = None  # the ops for URLs use nothing of their isolate's


def parse(url: str, base: str | None = None) -> str | None:
    return url_parse(HOST, url, base)


def test_a_url_becomes_canonical() -> None:
    assert parse("HTTPS://User@EXAMPLE.com:443/a/../b c?d e#f g") == (
        "https://User@example.com/b%20c?d%20e#f%20g"
    )


def test_a_relative_url_is_resolved() -> None:
    assert parse("../x", "https://a.example/b/c/d") == "https://a.example/b/x"


@pytest.mark.parametrize(
    ("url", "base"), [("", None), ("/x", None), ("http://[::1", None), ("x", "nope"), ("x", "a:b")]
)
def test_an_invalid_url_is_none(url: str, base: str | None) -> None:
    assert parse(url, base) is None


def test_a_url_may_hold_null_characters_and_any_plane_of_unicode() -> None:
    assert parse("https://a/\0\U0001f600") == "https://a/%00%F0%9F%98%80"


def test_a_component_is_set() -> None:
    assert url_set(HOST, "https://a/b", "search", "x y") == "https://a/b?x%20y"
    assert url_set(HOST, "https://a/b?c", "search", "") == "https://a/b"


def test_a_value_that_makes_no_sense_changes_nothing() -> None:
    assert url_set(HOST, "https://a/b", "port", "no port") == "https://a/b"
    assert url_set(HOST, "mailto:a", "host", "b") == "mailto:a"


def test_parsing_keeps_no_memory() -> None:
    # ada's result is freed by hand; a leak of one byte per call would show in the second half.
    resource = pytest.importorskip("resource")
    path = "x" * 50_000

    def grow() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(300):
            url_parse(HOST, f"https://a/{path}")
            url_parse(HOST, f"{path} invalid")
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

    grow()
    assert grow() < 5_000


def test_punycode_is_checked_in_domains() -> None:
    for domain in ("xn--", "a.xn--pokxncvks", "XN--ASCII-", "xn--a.pt", "xn--0ug"):
        assert parse(f"https://{domain}/") is None
        assert url_set(HOST, "https://a/", "hostname", domain) == "https://a/"
    assert parse("https://xn--4ca.xn--P1AI/") == "https://xn--4ca.xn--p1ai/"
    assert parse("foo://xn--/?xn--") == "foo://xn--/?xn--"
    assert parse("https://a/xn--") == "https://a/xn--"


URL_TEXT = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            [
                "http",
                "https:",
                "//",
                "/",
                "\\",
                "?",
                "#",
                "@",
                ":",
                "[::1]",
                "xn--",
                "..",
                "%2e",
                "a",
                "foo:",
                "file:",
                "1.2.3",
                "0x7f",
                "ä",
                "ß",
                "\u200d",
                "\t",
                " ",
                "%",
                ":99999",
                ".",
            ]
        ),
        max_size=12,
    ).map("".join),
)
COMPONENT = st.sampled_from(
    ["protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"]
)


@given(url=URL_TEXT, base=st.none() | URL_TEXT)
def test_whatever_parses_is_canonical(url: str, base: str | None) -> None:
    url, base = well_formed(url), base if base is None else well_formed(base)
    href = parse(url, base)
    assert href is None or parse(href) == href


@given(url=URL_TEXT, component=COMPONENT, value=URL_TEXT)
def test_whatever_is_set_leaves_a_url(url: str, component: str, value: str) -> None:
    href = parse(well_formed(url)) or "http://a/"
    changed = url_set(HOST, href, component, well_formed(value))
    assert parse(changed) == changed


def well_formed(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
