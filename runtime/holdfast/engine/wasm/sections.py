"""A module in sections, and what they say that wasmtime does not tell.

Who asks has validated the bytes, but for `sections`.
https://webassembly.github.io/spec/core/binary/modules.html
"""

from collections.abc import Iterator

from holdfast.engine.wasm.leb128 import leb, number

_CUSTOM, _EXPORTS = 0, 7
_FUNCTION = 0
HEADER_BYTES = 8


def custom_sections(module: bytes, name: bytes) -> list[bytes]:
    """The contents of all custom sections of this name, in order."""
    found = []
    for kind, content in sections(module):
        if kind == _CUSTOM:
            length, start = number(content, 0)
            if content[start : start + length] == name:
                found.append(bytes(content[start + length :]))
    return found


def exported_functions(module: bytes) -> list[int | None]:
    """Of each export in order, the number of the function within the module; None if it is none."""
    numbers: list[int | None] = []
    for kind, content in sections(module):
        if kind != _EXPORTS:
            continue
        count, place = number(content, 0)
        for _ in range(count):
            length, place = number(content, place)
            place += length
            what = content[place]
            index, place = number(content, place + 1)
            numbers.append(index if what == _FUNCTION else None)
    return numbers


def memory_module(least: int, most: int | None) -> bytes:
    """A module that exports a memory of so many pages, and nothing else."""
    limits = b"\0" + leb(least) if most is None else b"\1" + leb(least) + leb(most)
    memory = b"\1" + limits
    return b"\0asm\1\0\0\0" + section(5, memory) + section(_EXPORTS, b"\1\0\2\0")


def sections(module: bytes) -> Iterator[tuple[int, memoryview]]:
    """The kind and the content of each, in order. Raises IndexError where it is cut short."""
    whole, place = memoryview(module), HEADER_BYTES
    while place < len(whole):
        kind = whole[place]
        length, place = number(whole, place + 1)
        yield kind, whole[place : place + length]
        place += length


def section(kind: int, content: bytes) -> bytes:
    """A section's bytes."""
    return bytes([kind]) + leb(len(content)) + content
