"""The headers by which a request asks for a version."""

import pytest

from holdfast.server.version_headers import NOTHING, Wanted, strings_of, wanted_version


@pytest.mark.parametrize(
    ("dictionary", "strings"),
    [
        ("", {}),
        ('a="x"', {"a": "x"}),
        ('  a="x" , b="y"\t,\tc="z"  ', {"a": "x", "b": "y", "c": "z"}),
        ('a="x";q=1;r, b;s="t", c=?1, d=-1.5, e=:aGk=:, f=tok/en:1, g=("a" b 1;q);r', {"a": "x"}),
        (r'a="quote \" and \\ slash"', {"a": 'quote " and \\ slash'}),
        ('a="x", a="y"', {"a": "y"}),
        ('a="x", a=1', {}),
        ('1-worker_2="x"', {"1-worker_2": "x"}),
        # None of these is a dictionary.
        ('a="x",', {}),
        ('a="x" b="y"', {}),
        ('a="x", B="y"', {}),
        ('a="x", b="y', {}),
        ('a="x", b=ü', {}),
        ('a = "x"', {}),
        ("a='x'", {}),
        ('"x"', {}),
        ('a=1234567890123456, b="x"', {}),
        ('a=1.2345, b="x"', {}),
        (',a="x"', {}),
    ],
)
def test_a_dictionary_is_read_as_the_standard_says(
    dictionary: str, strings: dict[str, str]
) -> None:
    assert strings_of(dictionary) == strings


def test_the_headers_of_a_request_name_a_version_or_a_key() -> None:
    headers = (
        'Host\nh\nCLOUDFLARE-workers-version-overrides\na="1"\n'
        'Cloudflare-Workers-Version-Key\n k \nCloudflare-Workers-Version-Overrides\nb="2"\n'
    )
    assert wanted_version(headers, "a") == Wanted("1", "k")
    assert wanted_version(headers, "b") == Wanted("2", "k")
    assert wanted_version(headers, "c") == Wanted(None, "k")
    assert wanted_version("Host\nh\n", "a") is NOTHING
    assert wanted_version("X\nCloudflare-Workers-Version-Key\nY\nk\n", "a") == NOTHING
