"""Numbers in a module's bytes: LEB128.

https://webassembly.github.io/spec/core/binary/values.html#integers
"""


def number(code: bytes | memoryview, place: int) -> tuple[int, int]:
    """An unsigned number, and where it ends. Raises IndexError."""
    value = shift = 0
    while True:
        byte = code[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def skip(code: bytes, place: int) -> int:
    """Where the number ends that begins here. Raises IndexError."""
    while code[place] >= 0x80:
        place += 1
    return place + 1


def leb(value: int) -> bytes:
    """An unsigned number's bytes."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def signed(value: int) -> bytes:
    """A signed number's bytes; it is not negative."""
    encoded = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        if value == 0 and not byte & 0x40:
            encoded.append(byte)
            return bytes(encoded)
        encoded.append(byte | 0x80)
