from dataclasses import replace

import pytest

from holdfast.catalog import Script, Syntax
from holdfast.engine.modules import Module, ModuleKind

SCRIPT = Script(
    name="w",
    main="a",
    syntax=Syntax.MODULES,
    modules=(Module("a", ModuleKind.ESM, b"1"), Module("b", ModuleKind.TEXT, b"2")),
    bindings=(),
    compatibility_date=None,
    compatibility_flags=(),
    version="v1",
)


def test_the_main_module_is_found_by_its_name():
    assert SCRIPT.main_module == Module("a", ModuleKind.ESM, b"1")
    with pytest.raises(AssertionError, match="'c' is not among"):
        _ = replace(SCRIPT, main="c").main_module


@pytest.mark.parametrize(
    "other",
    [
        replace(SCRIPT, main="b"),
        replace(SCRIPT, syntax=Syntax.SERVICE_WORKER),
        replace(SCRIPT, modules=SCRIPT.modules[:1]),
        replace(SCRIPT, modules=(Module("a", ModuleKind.ESM, b"12"), SCRIPT.modules[1])),
        replace(SCRIPT, modules=(Module("a", ModuleKind.TEXT, b"1"), SCRIPT.modules[1])),
    ],
)
def test_other_content_has_another_etag(other):
    assert other.etag != SCRIPT.etag


def test_the_order_of_modules_and_the_version_do_not_change_the_etag():
    assert replace(SCRIPT, modules=SCRIPT.modules[::-1], version="v2").etag == SCRIPT.etag
