"""Zstandard's streams for node:zlib; what they hold is bounded, whatever a script asks for.

https://nodejs.org/docs/latest-v24.x/api/zlib.html#class-zstdoptions
"""

import importlib
from collections.abc import Sequence
from typing import Any

from holdfast.host.node_zlib_coders import MAX_PIECE_BYTES, failed

_FRAME_END = 2
_LEVEL, _WINDOW_LOG, _WORKERS = 100, 101, 400
_DEFAULT_LEVEL, _LIGHT_LEVEL = 3, 9
# Of the parameters that cost memory or time, by zstd's numbers: those of its level 19, or less.
_MOST = {_LEVEL: 19, _WINDOW_LOG: 23, 102: 22, 103: 22, 104: 9, 106: 999, 161: 20}
_HEAVY_TABLES = {102: 22, 103: 22}  # level 19 would have 64 MiB of them
_LONG_BYTES = 1 << 20  # above, the higher levels take seconds
_WINDOW_LOG_MAX, _MOST_WINDOW_LOG_MAX = 23, 26
_QUARTER_BYTES = 1 << 18
_FAILED = -1


def _library() -> Any:
    try:
        return importlib.import_module("compression.zstd")  # Python 3.14's own
    except ImportError:
        return importlib.import_module("backports.zstd")


def _options(numbers: Sequence[int]) -> dict[int, int]:
    return dict(zip(numbers[::2], numbers[1::2], strict=True))


def _failed(direction: str, error: Exception) -> Exception:
    message = f"Zstd {direction} failed: {str(error).partition(': ')[2] or error}"
    return failed(_FAILED, message, f"ERR_ZSTD_{direction.upper()}_FAILED")


class ZstdCompressor:
    """One way. `numbers` are the size that was promised, or -1, and parameters with values."""

    unread_bytes = 0

    def __init__(self, numbers: Sequence[int], whole_bytes: int | None) -> None:
        library = _library()
        self._error = library.ZstdError
        promised, *rest = numbers
        options = {key: min(value, _MOST.get(key, value)) for key, value in _options(rest).items()}
        options[_WORKERS] = 0
        level = options.setdefault(_LEVEL, _DEFAULT_LEVEL)
        if whole_bytes is not None and whole_bytes > _LONG_BYTES:
            level = options[_LEVEL] = min(level, _LIGHT_LEVEL)
        if level > _LIGHT_LEVEL:
            options = _HEAVY_TABLES | options
        # 5 MiB were seen for the default, 14 for level 9, and 50 for the most of everything.
        is_light = level <= _LIGHT_LEVEL and not options.keys() & _MOST.keys() - {_LEVEL}
        self.weight = (20 if level <= _DEFAULT_LEVEL else 60) if is_light else 200
        self._zstd = library.ZstdCompressor(options=options)
        if promised >= 0:
            self._zstd.set_pledged_input_size(promised)

    def write(self, data: bytes, flush: int) -> bytes:
        """See Coder."""
        try:
            out: bytes = self._zstd.compress(data, flush)
        except self._error as error:
            raise _failed("compression", error) from error
        return out

    def more(self) -> bytes:
        """Nothing: what was compressed is never larger than what was written, by much."""
        return b""


class ZstdDecompressor:
    """The other way: one frame, as in Node.js."""

    def __init__(self, numbers: Sequence[int]) -> None:
        library = _library()
        self._error = library.ZstdError
        wanted = _options(numbers[1:]).get(_LEVEL, _WINDOW_LOG_MAX)  # both parameters are 100
        window_log = min(wanted, _MOST_WINDOW_LOG_MAX)
        self.weight = 4 + (1 << window_log) // _QUARTER_BYTES
        self._zstd = library.ZstdDecompressor(options={_LEVEL: window_log})
        self._began = self._finishing = False
        self.unread_bytes = 0

    def write(self, data: bytes, flush: int) -> bytes:
        """See Coder."""
        self._finishing = flush == _FRAME_END
        self._began = self._began or bool(data)
        if self._zstd.eof:
            self.unread_bytes = len(data)
            return b""
        return self._decompress(data)

    def more(self) -> bytes:
        """See Coder."""
        return b"" if self._zstd.eof else self._decompress(b"")

    def _decompress(self, data: bytes) -> bytes:
        try:
            piece: bytes = self._zstd.decompress(data, MAX_PIECE_BYTES)
        except self._error as error:
            raise _failed("decompression", error) from error
        if self._zstd.eof:
            self.unread_bytes = len(self._zstd.unused_data)
        elif not piece and self._finishing and self._began:
            raise failed(-5, "unexpected end of file")
        return piece
