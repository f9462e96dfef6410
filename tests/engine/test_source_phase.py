"""Imports of a module's source are imports of its default export here."""

import pytest

from holdfast.engine.source_phase import with_default_imports


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        (b'import source m from "./a.wasm";', b'import        m from "./a.wasm";'),
        (b"a();import source m from'./a.wasm'", b"a();import        m from'./a.wasm'"),
        (b'import source from "./a.js";', b'import source from "./a.js";'),
        (b'import source, { a } from "./a.js";', b'import source, { a } from "./a.js";'),
        (
            b"await import.source(name)",
            b"await (source=>import(source).then(module=>module.default))(name)",
        ),
        (b"an.import.source(name)", b"an.import.source(name)"),
    ],
)
def test_the_word_is_left_out_of_imports_alone(source: bytes, plain: bytes) -> None:
    assert with_default_imports(source) == plain
