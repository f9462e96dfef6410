"""What many logs have to have on the disk, in one file: its format, and the way back.

Syncing a thousand logs makes a file system write to a thousand places, and its own journal
besides. So what was committed to them is also written to one file, one piece after the other,
and that is synced (journaling.py). What the logs have themselves is needed after a power loss
alone: the kernel writes them sooner or later, as it does with any file.

An *entry* that has *frames* is bytes of one write-ahead log, with their offset and the *salts* of
the log's header, which SQLite draws anew whenever it begins a log. A log that has these salts is
the same log, and committed frames never change in it; so to write an entry to it is right or
changes nothing, however often and in whatever order that is done, and however old the entry is. A
log that is missing or has other salts was emptied since, by a checkpoint that has synced it and
the database: then an entry is of no use, and is passed over.
https://www.sqlite.org/fileformat2.html#walformat

An entry that has *puts* is what recent.py has kept from a log, which the next process has to tell
SQLite (redo.py): after the frames whose number it says, and only while no more have followed.

A *batch* is what one sync covers: a header with a checksum and a number, which is higher than that
of each batch before it, and entries. It begins at a multiple of
BLOCK_BYTES and shares none with another, since a block may be lost that is being written when the
power fails. Batches that were written before, over which newer ones are written, may be found or
not.
"""

import contextlib
import itertools
import os
import struct
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from holdfast.storage.disk import Fsync, fsync, sync_path, write_at
from holdfast.storage.errors import is_read_only
from holdfast.storage.names import JOURNAL_PREFIX

BLOCK_BYTES = 4096

_BATCH = struct.Struct("<8sQII")  # magic, number, bytes and CRC-32 of the entries
_MAGIC = b"HFjrnl02"
# Bytes of the name; salts; kind; offset, or number of frames; bytes of the content.
_ENTRY = struct.Struct("<H8sBQI")

FRAMES = 0
PUTS = 1

_ASIDE = "left"  # instead of a place
_OLDEST = 0  # the number of a batch of what was set aside; others begin at 1

# In the header of a write-ahead log.
SALTS_OFFSET = 16
SALTS_BYTES = 8


class Entry(NamedTuple):
    """Frames of a write-ahead log, or puts that come after its frames."""

    name: bytes  # of the log, from the folder of all objects on
    salts: bytes
    kind: int  # FRAMES or PUTS
    at: int  # the offset of the frames; how many frames there are before the puts
    content: bytes


def length_of(entries: Iterable[Entry]) -> int:
    """The bytes of a batch, which are whole blocks."""
    length = _BATCH.size
    for name, *_, content in entries:
        length += _ENTRY.size + len(name) + len(content)
    return _blocks(length)


def _blocks(length: int) -> int:
    return -(-length // BLOCK_BYTES) * BLOCK_BYTES


def packed(entries: Collection[Entry], number: int) -> bytes:
    """A batch. Takes a while: best on a thread."""
    parts: list[bytes] = []
    for name, salts, kind, at, content in entries:
        parts += (_ENTRY.pack(len(name), salts, kind, at, len(content)), name, content)
    body = b"".join(parts)
    batch = _BATCH.pack(_MAGIC, number, len(body), _checksum(number, body)) + body
    return batch.ljust(length_of(entries), b"\0")


def unpacked(content: bytes) -> Iterator[tuple[int, Entry]]:
    """The entries of all batches that are whole, each with its batch's number."""
    block = 0
    while block < len(content):
        found = _body(content, block)
        if found is None:
            block += BLOCK_BYTES
            continue
        number, body = found
        for entry in _entries(body):
            yield number, entry
        block += _blocks(_BATCH.size + len(body))


def _body(content: bytes, at: int) -> tuple[int, bytes] | None:
    if len(content) < at + _BATCH.size:
        return None
    magic, number, length, checksum = _BATCH.unpack_from(content, at)
    start = at + _BATCH.size
    if magic != _MAGIC or start + length > len(content):
        return None
    body = content[start : start + length]
    return (number, body) if _checksum(number, body) == checksum else None


def _checksum(number: int, body: bytes) -> int:
    return zlib.crc32(body, number & 0xFFFFFFFF)


def _entries(body: bytes) -> Iterator[Entry]:
    at = 0
    while at < len(body):
        name_bytes, salts, kind, where, length = _ENTRY.unpack_from(body, at)
        name_at = at + _ENTRY.size
        content_at = name_at + name_bytes
        at = content_at + length
        yield Entry(body[name_at:content_at], salts, kind, where, body[content_at:at])


def write_to_logs(root: Path, entries: Iterable[Entry]) -> list[Path]:
    """Write the frames among entries to their logs below `root`, which are then to be synced.

    The logs that were written to. Blocks. Raises OSError.
    """
    by_name: defaultdict[bytes, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.kind == FRAMES and is_below_a_namespace(entry.name):
            by_name[entry.name].append(entry)
    written = []
    for name, own in by_name.items():
        path = root / os.fsdecode(name)
        if write_to_log(path, own):
            written.append(path)
    return written


def is_below_a_namespace(name: bytes) -> bool:
    """True for the name of a log that an entry may have."""
    folder, _, file = name.partition(b"/")
    return folder not in {b"", b".", b".."} and file.endswith(b"-wal") and b"/" not in file


def write_to_log(path: Path, entries: list[Entry]) -> bool:
    """Write frames to their log, if it is there and the same; true if some were. Raises OSError."""
    if not entries:
        return False
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        salts = os.pread(fd, SALTS_BYTES, SALTS_OFFSET)
        own = [entry for entry in entries if entry.salts == salts]
        for entry in own:
            write_at(fd, entry.content, entry.at)
    finally:
        os.close(fd)
    return bool(own)


def salts_of(log: Path) -> bytes:
    """What tells a log from others; nothing if it is not there. Raises OSError."""
    try:
        with log.open("rb") as file:
            return os.pread(file.fileno(), SALTS_BYTES, SALTS_OFFSET)
    except FileNotFoundError:
        return b""


def sync_logs(paths: Iterable[Path], fsync: Fsync = fsync) -> None:
    """Sync logs one by one, of which some may be gone. Blocks. Raises OSError."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            sync_path(path, fsync)


def journal_path(root: Path, place: str, number: int) -> Path:
    """A file of the journal of one process, by its place among those that share the folder."""
    return root / f"{JOURNAL_PREFIX}{place}-{number}"


def left(root: Path, place: str = "*") -> list[Path]:
    """The journals that ended processes have left, of one place or all."""
    return sorted(root.glob(f"{JOURNAL_PREFIX}{place}-*"))


def set_aside(
    root: Path, place: str, journals: Collection[Path], needed: Collection[Entry]
) -> None:
    """Keep what is needed of the journals of ended processes, in order, in one file, durably.

    They are gone then. The next process with their place has no use for it; it is among
    `set_aside_in`. Blocks. Raises OSError, with all that is needed there.
    """
    target = _unused(root, place)
    try:
        target.write_bytes(packed(needed, _OLDEST) if needed else b"")
        sync_path(target)
        sync_path(root)
    except OSError as error:
        target.unlink(missing_ok=True)
        if is_read_only(error):
            raise
        for path in journals:  # each as it is, where there is no room for another file
            if path not in set_aside_in(root):
                sync_path(path)
                path.rename(_unused(root, place))
    else:
        for path in journals:
            path.unlink()
    sync_path(root)


def _unused(root: Path, place: str) -> Path:
    paths = (journal_path(root, f"{_ASIDE}-{number}-{place}", 0) for number in itertools.count(1))
    return next(path for path in paths if not path.exists())


def set_aside_in(root: Path, place: str = "*") -> list[Path]:
    """The journals that were set aside, of one place or all, until no start has need of them."""
    return left(root, _ASIDE if place == "*" else f"{_ASIDE}-*-{place}")


def entries_of(paths: Iterable[Path]) -> Iterator[tuple[int, Entry]]:
    """What journals hold, each entry with its batch's number. Blocks. Raises OSError."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # another process has put it in order
            yield from unpacked(path.read_bytes())
