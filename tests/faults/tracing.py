"""What a process did to its files and sockets, from `strace`'s record.

Only what matters for durability is kept: files made, written, cut, renamed, removed, synced,
and the bytes that left by sockets. A call that took a while has two events, since a sync covers
what was written before it began, and may be relied on after it has ended.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LONGEST_WRITE = 16 << 20

_CALLS = (
    "openat,close,mkdir,rmdir,rename,unlink,ftruncate,fallocate,pwrite64,pwritev,pwritev2,write,"
    "writev,sendto,sendmsg,lseek,fsync,fdatasync,link,symlink,unlinkat,renameat,renameat2,"
    "mkdirat,copy_file_range,sendfile,syncfs,sync"
)
_LINE = re.compile(rb"(?P<thread>\d+) +(?P<rest>.*)")
_BEGUN = re.compile(rb"(?P<name>\w+)\((?P<arguments>.*)")
_RESUMED = re.compile(rb"<\.\.\. (?P<name>\w+) resumed>(?P<arguments>.*)")
_RESULT = re.compile(rb"(?P<arguments>.*)\) += (?P<result>-?\d+).*")
_STRING = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"(?P<cut>\.\.\.)?')
_UNFINISHED = b" <unfinished ...>"


@dataclass(frozen=True, slots=True)
class Event:
    """A call that begins (`result` is None) or has ended; its strings and other arguments."""

    thread: bytes
    name: str
    strings: tuple[bytes, ...]
    arguments: tuple[str, ...]
    result: int | None


def command(record: Path) -> list[str]:
    """What to put before a command so that its calls are recorded.

    The command keeps its process id: the tracer is a grandchild (-D).
    """
    return [
        "strace", "-D", "-f", "-xx", "--seccomp-bpf", "-s", str(LONGEST_WRITE),
        "-o", str(record), "-e", f"trace={_CALLS}",
    ]  # fmt: skip


def works() -> bool:
    """True where processes may be traced: there is an strace, and nothing forbids it."""
    if shutil.which("strace") is None:
        return False
    probe = ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def is_complete(record: Path, process_id: int) -> bool:
    """True once the tracer has told of the process's end."""
    with record.open("rb") as file:
        file.seek(max(file.seek(0, 2) - 4096, 0))
        return re.search(rb"^%d +\+\+\+ " % process_id, file.read(), re.MULTILINE) is not None


def events(record: Path) -> Iterator[Event]:
    """What is recorded, in its order."""
    begun: dict[bytes, bytes] = {}
    with record.open("rb") as file:
        for line in file:
            found = _LINE.fullmatch(line.rstrip(b"\n"))
            assert found, f"a line of strace's is not understood: {line[:200]!r}"
            thread, rest = found["thread"], found["rest"]
            if rest.startswith((b"+++", b"---")):
                continue
            if resumed := _RESUMED.fullmatch(rest):
                text = begun.pop(thread) + resumed["arguments"]
            else:
                text = rest.removesuffix(_UNFINISHED)
                yield _event(thread, text, ended=False)
                if text is not rest:
                    begun[thread] = text
                    continue
            yield _event(thread, text, ended=True)


def _event(thread: bytes, text: bytes, *, ended: bool) -> Event:
    found = _BEGUN.fullmatch(text)
    assert found, f"a call is not understood: {text[:200]!r}"
    name, arguments = found["name"].decode(), found["arguments"]
    result = _RESULT.fullmatch(arguments)
    if result:
        arguments = result["arguments"]
    strings = []
    for string in _STRING.finditer(arguments):
        assert not string["cut"], f"strace has shortened what {name} was given"
        strings.append(bytes.fromhex(string[1].replace(rb"\x", b"").decode()))
    others = _STRING.sub(b'""', arguments).decode().split(", ")
    number = int(result["result"]) if result and ended else None
    return Event(thread, name, tuple(strings), tuple(others), number)
