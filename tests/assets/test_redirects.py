"""`_redirects`: what its lines mean, and what is said of those that mean nothing.

What the rules do to requests is compared with Cloudflare's own code in tests/differential.
"""

import pytest

from holdfast.assets.configuration import HtmlHandling
from holdfast.assets.redirects import MAX_DYNAMIC_RULES, MAX_STATIC_RULES, Redirects, Target
from holdfast.assets.rules import RuleUrl


def found(text, path):
    return Redirects(text).find(RuleUrl("example.com", path))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/a", "Expected exactly 2 or 3 whitespace-separated tokens. Got 1."),
        ("/a /b 301 Country=de", "Expected exactly 2 or 3 whitespace-separated tokens. Got 4."),
        ("https://x.example/a /b", "Only relative URLs are allowed."),
        ("/a b", "URLs should either be relative"),
        ("/a http://x.example/", "URLs should either be relative"),
        ("/a /b 404", "Valid status codes are 200, 301, 302 (default), 303, 307, or 308. Got 404."),
        ("/a /b sometimes", "Valid status codes are"),
        ("/a https://x.example/ 200", "Proxy (200) redirects can only point to relative paths."),
        ("/* /index.html", "Infinite loop detected"),
        ("/ /index", "Infinite loop detected"),
        ("/a /b\n/a /c", "Ignoring duplicate rule for path /a."),
        (f"/a /{'b' * 2000}", "Ignoring line 1 as it exceeds the maximum allowed length of 2000."),
    ],
)
def test_a_line_that_is_no_rule_is_told_of_and_left_out(line, told):
    redirects = Redirects(f"{line}\n/kept /there")
    (mistake,) = redirects.mistakes
    assert told in str(mistake)
    assert redirects.find(RuleUrl("h", "/kept")) == Target("/there", 302)


def test_a_mistake_tells_its_line():
    (mistake,) = Redirects("\n# nothing\n/a\n").mistakes
    assert str(mistake).startswith("line 3: ")


def test_a_file_of_the_root_may_be_redirected_to_where_no_html_is_handled():
    assert Redirects("/ /index.html", HtmlHandling.NONE).mistakes == ()


def test_rules_without_placeholders_come_first_and_others_in_order():
    text = "/a/b /exact\n/a/* /splat/:splat\n/:x/c /named/:x\n"
    assert found(text, "/a/b") == Target("/exact", 302)
    assert found(text, "/a/c") == Target("/splat/c", 302)
    assert found(text, "/z/c") == Target("/named/z", 302)
    assert found(text, "/z/d") is None


def test_what_is_filled_in_does_not_lead_to_another_host():
    assert found("/out/* /:splat", "/out//evil.example") == Target("/evil.example", 302)
    assert found("/out/* https://x.example/:splat", "/out//y").to == "https://x.example//y"


def test_escapes_are_those_of_urls():
    assert found("/ü /ö?ä#ß", "/%C3%BC") == Target("/%C3%B6?%C3%A4#%C3%9F", 302)


def test_there_are_as_many_rules_as_on_cloudflare():
    static = "".join(f"/s{number} /x\n" for number in range(MAX_STATIC_RULES + 1))
    redirects = Redirects(static)
    assert redirects.count == MAX_STATIC_RULES
    assert "Maximum number of static rules supported is 2000." in str(redirects.mistakes[0])
    dynamic = "".join(f"/d{number}/* /x\n" for number in range(MAX_DYNAMIC_RULES + 2))
    redirects = Redirects(dynamic)
    assert redirects.count == MAX_DYNAMIC_RULES
    (mistake,) = redirects.mistakes
    assert str(mistake).endswith("is 100. Skipping remaining 3 lines of file.")


def test_what_makes_no_pattern_matches_nothing():
    assert found("/*/a/* /x\n/:a/:a /y\n/z /last 301", "/1/a/2") is None


def test_a_wrong_rule_with_placeholders_leaves_those_behind_it_as_they_are():
    text = "/:x/b /a 404\n/index /a//b\n/:x /named\n/last /a//b\n"
    assert found(text, "/index") == Target("/a//b", 302)
    assert found(text, "/last") == Target("/named", 302)
