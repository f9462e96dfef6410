"""What a module's bytes say that wasmtime does not tell: custom sections, numbers of functions.

The bytes have been validated. https://webassembly.github.io/spec/core/binary/modules.html
"""

from collections.abc import Iterator

_CUSTOM, _EXPORTS = 0, 7
_FUNCTION = 0
_HEADER_BYTES = 8


def custom_sections(module: bytes, name: bytes) -> list[bytes]:
    """The contents of all custom sections of this name, in order."""
    found = []
    for kind, content in _sections(module):
        if kind == _CUSTOM:
            length, start = _number(content, 0)
            if content[start : start + length] == name:
                found.append(bytes(content[start + length :]))
    return found


def exported_functions(module: bytes) -> list[int | None]:
    """Of each export in order, the number of the function within the module; None if it is none."""
    numbers: list[int | None] = []
    for kind, content in _sections(module):
        if kind != _EXPORTS:
            continue
        count, place = _number(content, 0)
        for _ in range(count):
            length, place = _number(content, place)
            place += length
            what = content[place]
            number, place = _number(content, place + 1)
            numbers.append(number if what == _FUNCTION else None)
    return numbers


def memory_module(least: int, most: int | None) -> bytes:
    """A module that exports a memory of so many pages, and nothing else."""
    limits = b"\0" + _leb(least) if most is None else b"\1" + _leb(least) + _leb(most)
    memory = b"\1" + limits
    return b"\0asm\1\0\0\0" + _section(5, memory) + _section(_EXPORTS, b"\1\0\2\0")


def _sections(module: bytes) -> Iterator[tuple[int, memoryview]]:
    whole, place = memoryview(module), _HEADER_BYTES
    while place < len(whole):
        kind = whole[place]
        length, place = _number(whole, place + 1)
        yield kind, whole[place : place + length]
        place += length


def _number(content: memoryview, place: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where it ends."""
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, place


def _section(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + _leb(len(content)) + content


def _leb(value: int) -> bytes:
    encoded = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        encoded.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(encoded)
