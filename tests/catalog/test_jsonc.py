import sys

import pytest

from holdfast.catalog import jsonc


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('{"a": 1, // one\n}', {"a": 1}),
        ("/* first */ [1, /* two, */ 2 /**/ , ] // last", [1, 2]),
        ('["// none", "/* nor this */", "a,]", ]', ["// none", "/* nor this */", "a,]"]),
        (r'["\"//", "\\", ]', ['"//', "\\"]),
        ('{"a": [1,\r\n // that is all\r\n ],}', {"a": [1]}),
        ('["",]', [""]),
    ],
)
def test_comments_and_trailing_commas_take_no_slow_parser(text, value, monkeypatch):
    monkeypatch.setitem(sys.modules, "json5", None)  # an import of it fails
    assert jsonc.loads(text) == value


def test_json5_is_let_pass():
    assert jsonc.loads("{name: 'a', size: +1, }") == {"name": "a", "size": 1}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": 1 /* no comma */\n "b": 2}', "line 2, column 2: Expecting ',' delimiter"),
        ('{"a": /* one\n two */ 1 "b": 2}', "line 2, column 11: Expecting ',' delimiter"),
        ('{ // a comment\n "a": 1,, }', "line 2"),
        ("[,]", "line 1"),
        ("{ , }", "line 1"),
        ('["not ended]', "line 1"),
        ("", "empty"),
        ("\n", "empty"),
        ("[" * 100_000, "nested too deeply"),
        ("/* for ever", "line 1"),
    ],
)
def test_mistakes_are_told_with_their_place(text, place):
    with pytest.raises(ValueError, match=place):
        jsonc.loads(text)
