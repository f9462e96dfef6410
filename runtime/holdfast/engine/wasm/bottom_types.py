"""Nulls of the bottom types, `noextern` and `nofunc`, told as nulls of the types above them.

They belong to the proposal for garbage-collected types, which is switched off here (machine.py).
But Binaryen's `wasm-opt` writes them into modules that use nothing else of it, and so does
wasm-bindgen, for Rust. A null of `extern` may stand wherever one of `noextern` may.

https://webassembly.github.io/spec/core/binary/types.html#heap-types
"""

from collections.abc import Iterator

from holdfast.engine.wasm.instructions import UnknownInstruction, after
from holdfast.engine.wasm.leb128 import number, skip
from holdfast.engine.wasm.sections import HEADER_BYTES, section, sections

_GLOBALS, _CODE = 6, 10
_BLOCKS, _THROW_REF, _TRY_TABLE = (0x02, 0x03, 0x04), 0x0A, 0x1F
_END, _REF_NULL = 0x0B, 0xD0
_CATCHES_TAG = (0, 1)
_ABOVE = {0x72: 0x6F, 0x73: 0x70}  # noextern and extern, nofunc and func


def without_bottom_types(module: bytes) -> bytes:
    """The module with these nulls told otherwise.

    The bytes need not be valid: what comes out is validated, and what is not understood stays.
    """
    finders = {_GLOBALS: _nulls_of_globals, _CODE: _nulls_of_code}
    made = bytearray(module[:HEADER_BYTES])
    try:
        for kind, content in sections(module):
            told = bytearray(content)
            if kind in finders:
                for place in finders[kind](bytes(content)):
                    told[place] = _ABOVE.get(told[place], told[place])
            made += section(kind, bytes(told))
    except (IndexError, UnknownInstruction):
        return module
    return bytes(made)


def _nulls_of_globals(content: bytes) -> Iterator[int]:
    """Where the types of nulls are."""
    count, place = number(content, 0)
    for _ in range(count):
        place += 2  # a type of a byte, and whether it changes
        while content[place] != _END:
            if content[place] == _REF_NULL:
                yield place + 1
            place = _after(content, place)
        place += 1


def _nulls_of_code(content: bytes) -> Iterator[int]:
    """Where the types of nulls are."""
    count, place = number(content, 0)
    for _ in range(count):
        size, place = number(content, place)
        end = place + size
        groups, place = number(content, place)
        for _ in range(groups):
            place = skip(content, place) + 1  # so many locals of a type of a byte
        while place < end:
            if content[place] == _REF_NULL:
                yield place + 1
            place = _after(content, place)


def _after(code: bytes, place: int) -> int:
    """Where the instruction ends that begins here; the types of blocks are numbers."""
    which = code[place]
    if which in _BLOCKS:
        return skip(code, place + 1)
    if which == _THROW_REF:
        return place + 1
    if which != _TRY_TABLE:
        return after(code, place)
    clauses, place = number(code, skip(code, place + 1))
    for _ in range(clauses):
        has_tag = code[place] in _CATCHES_TAG
        place = skip(code, place + 1)
        place = skip(code, place) if has_tag else place
    return place
