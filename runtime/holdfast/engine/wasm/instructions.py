"""Instructions of WebAssembly, as far as where they end.

https://webassembly.github.io/spec/core/binary/instructions.html
"""

from collections.abc import Callable

from holdfast.engine.wasm.leb128 import number, skip

BR_TABLE = 0x0E
_SELECT, _MISCELLANEOUS, _VECTOR, _ATOMIC = 0x1C, 0xFC, 0xFD, 0xFE
_FENCE = 3

# How many LEB128 numbers follow an instruction.
_NUMBERS = {
    0x08: 1, 0x09: 1, 0x0C: 1, 0x0D: 1, 0x10: 1, 0x11: 2, 0x12: 1, 0x13: 2, 0x14: 1, 0x15: 1,
    0x20: 1, 0x21: 1, 0x22: 1, 0x23: 1, 0x24: 1, 0x25: 1, 0x26: 1,
    0x3F: 1, 0x40: 1, 0x41: 1, 0x42: 1, 0xD0: 1, 0xD2: 1,
}  # fmt: skip
_OF_MISCELLANEOUS = {8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1}


class UnknownInstruction(ValueError):
    """There is an instruction whose end is not known."""


def after(code: bytes, place: int) -> int:
    """Where the instruction ends that begins here. Raises UnknownInstruction."""
    which = code[place]
    place += 1
    if which in _NUMBERS:
        for _ in range(_NUMBERS[which]):
            place = skip(code, place)
        return place
    if which in _OTHERS:
        return _OTHERS[which](code, place)
    if 0x28 <= which <= 0x3E:
        return _after_memory(code, place)
    if which in (0x0A, 0x1F) or which > 0xD2:
        raise UnknownInstruction(f"there is an instruction {which:#x}")
    return place


def _after_table(code: bytes, place: int) -> int:
    count, place = number(code, place)
    for _ in range(count + 1):
        place = skip(code, place)
    return place


def _after_select(code: bytes, place: int) -> int:
    count, place = number(code, place)
    return place + count


def _after_miscellaneous(code: bytes, place: int) -> int:
    which, place = number(code, place)
    for _ in range(_OF_MISCELLANEOUS.get(which, 0)):
        place = skip(code, place)
    return place


def _after_memory(code: bytes, place: int) -> int:
    flags, place = number(code, place)
    if flags & 0x40:  # the number of a memory
        place = skip(code, place)
    return skip(code, place)


def _after_vector(code: bytes, place: int) -> int:
    which, place = number(code, place)
    if which in (12, 13):
        return place + 16
    if 21 <= which <= 34:
        return place + 1
    if 84 <= which <= 91:
        return _after_memory(code, place) + 1
    if which <= 11 or which in (92, 93):
        return _after_memory(code, place)
    return place


def _after_atomic(code: bytes, place: int) -> int:
    which, place = number(code, place)
    return place + 1 if which == _FENCE else _after_memory(code, place)


_OTHERS: dict[int, Callable[[bytes, int], int]] = {
    BR_TABLE: _after_table,
    _SELECT: _after_select,
    0x43: lambda _code, place: place + 4,
    0x44: lambda _code, place: place + 8,
    _MISCELLANEOUS: _after_miscellaneous,
    _VECTOR: _after_vector,
    _ATOMIC: _after_atomic,
}
