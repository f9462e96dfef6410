"""What is known to fail, and why: one TOML file per area, in `expectations/`.

An area's file holds three kinds of tables, each with a `reason`:

- `[[fails]]`: subtests that fail and should not; a fault of Holdfast's or of its engine;
- `[[inapplicable]]`: subtests that this kind of runtime cannot pass, such as those that look
  for a window; they are left out of the rate;
- `[[not-run]]`: files that are not run at all.

`subtests` names the subtests of a `file` (a variant belongs to its name); without it, the
file's every subtest is meant, and the file itself, should it end early. A `*` stands for any
text, in the names of both. `also = [...]` names files that are run though their kind is not.
"""

import json
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "expectations"
KINDS = ("fails", "inapplicable", "not-run")
TO_BE_TOLD = "TODO: say why."


@dataclass(slots=True)
class Entry:
    """One table: subtests of one file (None: all of it) and why they are as they are."""

    kind: str
    reason: str
    file: str
    subtests: list[str] | None = None

    def is_for(self, name: str) -> bool:
        """Whether a test's subtests are meant."""
        return _like(name, self.file)

    @property
    def patterns(self) -> list[str | None]:
        """What names the subtests; None stands for all of them."""
        return [None] if self.subtests is None else [*self.subtests]

    def patterns_for(self, name: str, subtest: str) -> list[str | None]:
        """The patterns that mean a subtest of a test; None is that of a whole file."""
        if not self.is_for(name):
            return []
        if self.subtests is None:
            return [None]
        return [known for known in self.subtests if _like(subtest, known)]


@dataclass(slots=True)
class Area:
    """One file of expectations."""

    path: Path
    entries: list[Entry] = field(default_factory=list)
    also: list[str] = field(default_factory=list)

    def meant(self, name: str, subtest: str) -> list[tuple[Entry, str | None]]:
        """The entries that mean a subtest, and by which pattern. `name` is relative to the area."""
        return [
            (entry, pattern)
            for entry in self.entries
            if entry.kind != "not-run"
            for pattern in entry.patterns_for(name, subtest)
        ]


class Expectations:
    """All areas that have expectations. Raises ValueError where a table is not as it should be."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self.areas: dict[str, Area] = {}
        for path in sorted(folder.rglob("*.toml")):
            name = path.relative_to(folder).with_suffix("").as_posix()
            self.areas[name] = _read(path)

    def area(self, name: str) -> Area:
        """An area's expectations, empty where there are none."""
        return self.areas.get(name) or Area(self._folder / f"{name}.toml")

    def why_not_run(self, area: str, file: str) -> str | None:
        """The reason for which a file is not run, if it is not."""
        for entry in self.area(area).entries:
            if entry.kind == "not-run" and _like(file.removeprefix(area + "/"), entry.file):
                return entry.reason
        return None

    def is_also_run(self, file: str) -> bool:
        """Whether a file is run though its kind is not."""
        return any(
            file.removeprefix(name + "/") in area.also
            for name, area in self.areas.items()
            if file.startswith(name + "/")
        )

    @property
    def untold(self) -> list[str]:
        """Entries that `--update` wrote and nobody gave a reason."""
        return [
            f"{name}: {entry.file}"
            for name, area in self.areas.items()
            for entry in area.entries
            if entry.reason == TO_BE_TOLD
        ]

    def update(
        self, area: str, unexpected: dict[str, list[str]], cured: dict[str, list[str]]
    ) -> None:
        """Write down new failures and strike what passes; both by test, relative to the area."""
        known = self.areas.setdefault(area, self.area(area))
        for file, subtests in cured.items():
            for entry in known.entries:
                if entry.file == file and entry.subtests is not None:
                    entry.subtests = [name for name in entry.subtests if name not in subtests]
        known.entries = [entry for entry in known.entries if entry.subtests != []]
        for file, subtests in unexpected.items():
            known.entries.append(Entry("fails", TO_BE_TOLD, file, subtests))
        known.path.parent.mkdir(parents=True, exist_ok=True)
        known.path.write_text(_written(known))


def _like(text: str, pattern: str) -> bool:
    """Whether `text` is `pattern`, in which a `*` stands for any text."""
    if "*" not in pattern or text == pattern:
        return text == pattern
    return fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))


def _read(path: Path) -> Area:
    tables = tomllib.loads(path.read_text())
    area = Area(path, also=tables.pop("also", []))
    for kind in tables:
        if kind not in KINDS:
            raise ValueError(f'{path}: "{kind}" is no kind of expectation')
        area.entries += [_entry(path, kind, table) for table in tables[kind]]
    return area


def _entry(path: Path, kind: str, table: dict[str, Any]) -> Entry:
    known = {"reason", "file", "subtests"}
    if not table.get("reason") or not table.get("file") or not known.issuperset(table):
        raise ValueError(f"{path}: an expectation takes a reason, a file and subtests: {table}")
    return Entry(kind, table["reason"], table["file"], table.get("subtests"))


def _written(area: Area) -> str:
    """An area as TOML; the comment at the top of its file stays."""
    blocks: list[str] = []
    if area.path.exists():
        lines = area.path.read_text().splitlines()
        comment = lines[
            : next((i for i, x in enumerate(lines) if not x.startswith("#")), len(lines))
        ]
        if comment:
            blocks.append("\n".join(comment))
    if area.also:
        blocks.append(f"also = {_list(area.also)}")
    for entry in area.entries:
        block = [f"[[{entry.kind}]]", f"reason = {_string(entry.reason)}"]
        block.append(f"file = {_string(entry.file)}")
        if entry.subtests is not None:
            block.append(f"subtests = {_list(entry.subtests)}")
        blocks.append("\n".join(block))
    return "\n\n".join(blocks) + "\n"


def _list(items: list[str]) -> str:
    return "[\n" + "".join(f"    {_string(item)},\n" for item in items) + "]"


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
