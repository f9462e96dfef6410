"""Literals with the flag `v`, as QuickJS takes them."""

import pytest

from holdfast.engine.set_patterns import may_have_set_patterns, with_plain_sets


@pytest.mark.parametrize(
    ("source", "mended"),
    [
        (rb"x = /a-b::[c--d]\-\p{L}/v;", rb"x = /a\x2db\x3a:[c--d]\-\p{L}/v;"),
        (rb"f(/(?<a>!)(?<!!)--\k<a>/gv)", rb"f(/(?<a>!)(?<!!)\x2d\x2d\k<a>/gv)"),
        (rb"return /[[a-z]--[b-c]]-/v.test(y)", rb"return /[[a-z]--[b-c]]\x2d/v.test(y)"),
    ],
)
def test_what_only_classes_may_not_have_is_told_by_its_number(source, mended):
    assert may_have_set_patterns(source)
    assert with_plain_sets(source) == mended


@pytest.mark.parametrize(
    ("source", "may"),
    [
        *((b"x = /a/dgimsyv", True), (b"RegExp(y, 'vdgi')", True), (b"v = `sgv`", True)),
        *((b"x = /a/v.test(y)", True), (b"/a/vs/", False), (b"'svg' + \"div\" + `div`", False)),
        *((b"'vv'", False), (b"x/v/y", False), (b"v", False), (b"", False), (b"'v", False)),
    ],
)
def test_a_script_without_such_flags_is_not_gone_through(source, may):
    assert may_have_set_patterns(source) is may
    assert may_have_set_patterns(b"v" * 20 + b";" + source) is may


@pytest.mark.parametrize("source", [b"a = b /c-d/ v", b"x = /a-b/u", b"// a/b-c/v", b"x/y-z/v"])
def test_all_else_stays_as_it_is(source):
    assert with_plain_sets(source) == source
