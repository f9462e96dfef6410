"""What a power loss may leave of a process's files, from a trace of its system calls.

The model of a disk, which is what a journalling file system promises:

- What was written to a file before the start of a sync of it that has ended is there. Of
  later writes any may be there or not, in any combination.
- What a sync was to write that has failed, which the process says by `failed` and the path, is no
  more certain to be there however many others succeed: the kernel does not try again.
- A file cut to a new length frees its blocks with the journal. If the cut was not kept, then
  nothing written after it was; the journal keeps changes of folders in their order.
- A file's entry is there once its folder was synced. The journal keeps the order of entries
  made, renamed and removed, so what was lost of them is a tail.
- `syncfs` syncs everything.
"""

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

SYSCALLS = (
    "openat,write,pwrite64,ftruncate,fdatasync,fsync,syncfs,rename,unlink,unlinkat,mkdir,rmdir"
)
STRACE_OPTIONS = ("-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={SYSCALLS}")

_LINE = re.compile(r"^(?P<thread>\d+)\s+(?P<rest>.*)$")
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"^<\.\.\. (?P<call>\w+) resumed>(?P<rest>.*)$")
_CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+)(?P<tail>.*)$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FAILED = b"failed "
_DESCRIPTOR = re.compile(r"^\d+<(?P<path>(?:\\x[0-9a-f]{2}|[^>])*)>")


def decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def path_of(arguments: str) -> str | None:
    """The path of the descriptor that is the first argument."""
    found = _DESCRIPTOR.match(arguments)
    if not found:
        return None
    path = found["path"]
    return decoded(path).decode() if path.startswith("\\x") else path


@dataclass
class File:
    """One file, whatever its name; `changes` are (moment, offset, data) or (moment, length)."""

    changes: list[tuple[int, int, bytes | None]] = field(default_factory=list)
    syncs: list[tuple[int, int]] = field(default_factory=list)  # start and end
    failures: list[int] = field(default_factory=list)  # of syncs
    position: int = 0  # for write() without an offset


class Trace:
    """The changes that a process made below a folder, and what it said, in their order."""

    def __init__(self, text: str, folder: Path) -> None:
        self._folder = str(folder)
        self._names: dict[str, File] = {}
        # (moment, name, file or None): an entry was made or removed.
        self.entries: list[tuple[int, str, File | None]] = []
        self.folder_syncs: list[tuple[int, int, str]] = []
        self.full_syncs: list[tuple[int, int]] = []
        self.said: list[tuple[int, bytes]] = []
        self.length = 0
        begun: dict[str, tuple[int, str]] = {}
        for self.length, line in enumerate(text.splitlines()):
            self._read(line, begun)

    def _read(self, line: str, begun: dict[str, tuple[int, str]]) -> None:
        found = _LINE.match(line)
        if not found:
            return
        thread, rest = found["thread"], found["rest"]
        if rest.endswith(_UNFINISHED):
            begun[thread] = (self.length, rest.removesuffix(_UNFINISHED))
            return
        start = self.length
        if resumed := _RESUMED.match(rest):
            start, head = begun.pop(thread)
            rest = head + resumed["rest"]
        call = _CALL.match(rest)
        if call and int(call["result"]) >= 0:
            self._apply(call["name"], call["arguments"], call["tail"], start)

    def _inside(self, path: str | None) -> bool:
        return path is not None and path.startswith(self._folder)

    def _apply(self, name: str, arguments: str, tail: str, start: int) -> None:
        if name in {"unlink", "unlinkat", "rename", "openat", "mkdir", "rmdir"}:
            self._change_entry(name, [decoded(text).decode() for text in _TEXT.findall(arguments)])
            return
        path = path_of(arguments)
        if name == "syncfs":
            self.full_syncs.append((start, self.length))
        elif name == "write" and arguments.startswith("1<"):
            said = decoded(_TEXT.findall(arguments)[0])
            self.said.append((self.length, said))
            if said.startswith(_FAILED):
                self._names[said.removeprefix(_FAILED).decode()].failures.append(self.length)
        elif path and self._inside(path) and "(deleted)" not in path:
            self._change_file(name, path, arguments, start)

    def _change_entry(self, name: str, paths: list[str]) -> None:
        if not paths or not self._inside(paths[0]):
            return
        if name == "openat":
            # A call that makes a file and one that finds it look the same.
            if paths[0] not in self._names and "." in Path(paths[0]).name:  # no folder has a dot
                self._enter(paths[0], File())
        elif name == "rename":
            file = self._names.pop(paths[0])
            self._enter(paths[1], file)
            self.entries.append((self.length, paths[0], None))
        elif paths[0] in self._names:
            del self._names[paths[0]]
            self.entries.append((self.length, paths[0], None))

    def _enter(self, path: str, file: File) -> None:
        self._names[path] = file
        self.entries.append((self.length, path, file))

    def _change_file(self, name: str, path: str, arguments: str, start: int) -> None:
        if name in {"fsync", "fdatasync"}:
            if path in self._names:
                self._names[path].syncs.append((start, self.length))
            else:
                self.folder_syncs.append((start, self.length, path))
            return
        file = self._names[path]
        if name == "ftruncate":
            file.changes.append((start, int(arguments.rsplit(", ", 1)[1]), None))
            return
        data = decoded(_TEXT.findall(arguments)[0])
        if name == "pwrite64":
            offset = int(arguments.rsplit(", ", 1)[1])
        else:
            offset, file.position = file.position, file.position + len(data)
        file.changes.append((start, offset, data))

    # ---- power loss ----------------------------------------------------------------

    def strike(self, moment: int, target: Path, chance: random.Random) -> None:
        """Write what is left when the power fails at `moment` below `target`."""
        names = self._surviving_names(moment, chance)
        for path, file in names.items():
            copy = target / Path(path).relative_to(self._folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(self._content(file, moment, chance))

    def _surviving_names(self, moment: int, chance: random.Random) -> dict[str, File]:
        made = [entry for entry in self.entries if entry[0] <= moment]
        certain = 0
        for position, (when, path, _) in enumerate(made, 1):
            parent = str(Path(path).parent)
            if any(
                when < start and end <= moment and synced == parent
                for start, end, synced in self.folder_syncs
            ) or any(when < start and end <= moment for start, end in self.full_syncs):
                certain = position
        kept = chance.choice([certain, len(made), chance.randint(certain, len(made))])
        names: dict[str, File] = {}
        for _, path, file in made[:kept]:
            if file is None:
                names.pop(path, None)
            else:
                names[path] = file
        return names

    def _content(self, file: File, moment: int, chance: random.Random) -> bytes:
        syncs = sorted(sync for sync in [*file.syncs, *self.full_syncs] if sync[1] <= moment)
        synced = max((start for start, _ in syncs), default=-1)
        density = chance.choice([0.0, 0.5, 0.9, 1.0])
        content = bytearray()
        for when, offset, data in file.changes:
            if when > moment:
                break
            certain = when < synced and self._is_kept(when, syncs, file.failures)
            if data is None:
                if not certain and chance.random() >= density:
                    break  # the cut is lost, and what came after it
                del content[offset:]
                content.extend(bytes(offset - len(content)))
            elif certain or chance.random() < density:
                end = offset + len(data)
                content.extend(bytes(max(end - len(content), 0)))
                content[offset:end] = data
        return bytes(content)

    def _is_kept(self, when: int, syncs: list[tuple[int, int]], failures: list[int]) -> bool:
        """Whether the first sync of what was written then has succeeded."""
        failed = next((moment for moment in failures if moment > when), None)
        return failed is None or next(end for start, end in syncs if start > when) < failed
