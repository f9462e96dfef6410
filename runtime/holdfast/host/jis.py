"""The indexes of JIS X 0208 and 0212, with Windows' extensions of the first.

Cells are found in Python's Shift_JIS and EUC-JP codecs.

https://encoding.spec.whatwg.org/#index-jis0208
"""

from functools import cache

_CELLS = 94


@cache
def jis0208(row: int, cell: int) -> str:
    """The character at this row and cell, counted from 0; empty if there is none."""
    if not (0 <= row < _CELLS and 0 <= cell < _CELLS):
        return ""
    lead, trail = divmod(row * _CELLS + cell, 2 * _CELLS)
    shifted = bytes(
        [lead + (0x81 if lead < 0x1F else 0xC1), trail + (0x40 if trail < 0x3F else 0x41)]
    )
    try:
        return shifted.decode("cp932")
    except UnicodeDecodeError:
        return ""


def jis0212(row: int, cell: int) -> str:
    """The character at this row and cell, counted from 0; empty if there is none."""
    if (row, cell) == (1, 22):
        return "\uff5e"  # Python has the ASCII tilde
    if not (0 <= row < _CELLS and 0 <= cell < _CELLS):
        return ""
    try:
        return bytes([0x8F, row + 0xA1, cell + 0xA1]).decode("euc_jp")
    except UnicodeDecodeError:
        return ""
