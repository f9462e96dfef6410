"""The Workers under comparison, made from the files below `fixtures/`.

A folder of fixtures is one Worker, which hands a request for `/<fixture>/…` to that fixture;
each is a Worker by itself, too. A folder below `fixtures/alone/` is a Worker of its own, for
what cannot share one: other syntax, other module types, exports of other shapes.
"""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures"
SHARED = FIXTURES / "observe.mjs"

# Holdfast does for every date what workerd does for its newest, but for Node.js's modules and
# globals, which are on by default a month later.
COMPATIBILITY_DATE = "2026-07-01"

_CLASS = re.compile(r"^export class (\w+)\b(?! extends WorkerEntrypoint)", re.MULTILINE)
_DATE = re.compile(r"^//@ compatibility date (\S+)$", re.MULTILINE)
_FLAG = re.compile(r"^//@ compatibility flag (\w+)$", re.MULTILINE)
_VARIABLE = re.compile(r"^//@ variable (\w+) (.*)$", re.MULTILINE)
_REQUEST = re.compile(
    r"^//> (?P<method>[A-Z]+) (?P<path>\S+)(?: (?P<options>\{.*\}))?$", re.MULTILINE
)


@dataclass(frozen=True)
class Ask:
    """One request that a fixture wants to be asked. `chunks` makes the body chunked."""

    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    chunks: tuple[bytes, ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Fixture:
    """A file that makes observations. `path` is where its Worker answers for it."""

    name: str
    worker: str
    path: str
    asks: tuple[Ask, ...]


@dataclass(frozen=True)
class Worker:
    """A script as both runtimes serve it; `files` go to a folder by these names."""

    name: str
    main: str
    files: dict[str, Path | str]
    classes: tuple[str, ...]
    compatibility_date: str
    compatibility_flags: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]

    @property
    def is_service_worker(self) -> bool:
        return self.main.endswith(".js")

    def with_variable(self, name: str, value: str) -> "Worker":
        """The same with one variable more."""
        return replace(self, variables=(*self.variables, (name, value)))

    def write(self, folder: Path) -> None:
        """Put the files in place."""
        for name, content in self.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                target.write_text(content)
            else:
                shutil.copyfile(content, target)


def all_workers() -> dict[str, Worker]:
    """Every Worker by its name."""
    return {worker.name: worker for worker in (*_shared_workers(), *_lone_workers())}


def all_fixtures() -> list[Fixture]:
    """Every fixture, in the order of their names."""
    return [*_shared_fixtures(), *_lone_fixtures()]


def _areas() -> list[Path]:
    return sorted(path for path in FIXTURES.iterdir() if path.is_dir() and path.name != "alone")


def _shared_fixtures() -> Iterator[Fixture]:
    for area in _areas():
        for path in sorted(area.glob("*.mjs")):
            asks = _asks(path.read_text())
            yield Fixture(f"{area.name}/{path.stem}", area.name, f"/{path.stem}", asks)


def _lone_folders() -> list[Path]:
    return sorted(path for path in (FIXTURES / "alone").iterdir() if path.is_dir())


def _lone_fixtures() -> Iterator[Fixture]:
    for folder in _lone_folders():
        name = f"alone/{folder.name}"
        yield Fixture(name, name, "", _asks(_main_of(folder).read_text()))


def _asks(text: str) -> tuple[Ask, ...]:
    return tuple(_ask(match) for match in _REQUEST.finditer(text)) or (Ask(),)


def _ask(match: re.Match[str]) -> Ask:
    options = json.loads(match["options"] or "{}")
    body = options.get("body")
    if size := options.get("bytes"):
        body = "0123456789abcdef" * (size // 16)
    return Ask(
        match["method"],
        match["path"],
        tuple((name, value) for name, value in options.get("headers", [])),
        None if body is None else body.encode("latin-1"),
        tuple(chunk.encode("latin-1") for chunk in options.get("chunks", ())),
    )


def _shared_workers() -> Iterator[Worker]:
    for area in _areas():
        paths = sorted(area.glob("*.mjs"))
        files: dict[str, Path | str] = {f"{area.name}/{path.name}": path for path in paths}
        files["observe.mjs"] = SHARED
        files["main.mjs"] = _router(area.name, [path.stem for path in paths])
        yield _worker(area.name, "main.mjs", files, "".join(path.read_text() for path in paths))


def _lone_workers() -> Iterator[Worker]:
    for folder in _lone_folders():
        main = _main_of(folder)
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files: dict[str, Path | str] = {str(path.relative_to(folder)): path for path in paths}
        text = main.read_text()
        if "./observe.mjs" in text:
            files["observe.mjs"] = SHARED
        yield _worker(f"alone/{folder.name}", main.name, files, text)


def _worker(name: str, main: str, files: dict[str, Path | str], text: str) -> Worker:
    date = _DATE.search(text)
    return Worker(
        name,
        main,
        files,
        tuple(_CLASS.findall(text)),
        date[1] if date else COMPATIBILITY_DATE,
        tuple(_FLAG.findall(text)),
        tuple((match[1], match[2]) for match in _VARIABLE.finditer(text)),
    )


def _main_of(folder: Path) -> Path:
    return next(path for path in (folder / "main.mjs", folder / "main.js") if path.exists())


def _router(area: str, names: list[str]) -> str:
    lines = []
    for number, name in enumerate(names):
        lines.append(f'import fixture{number} from "./{area}/{name}.mjs";')
        lines.append(f'export * from "./{area}/{name}.mjs";')
    table = ", ".join(f"{json.dumps(name)}: fixture{i}" for i, name in enumerate(names))
    lines.append(f"const fixtures = {{ {table} }};")
    lines.append("""
export default {
  fetch(request, env, ctx) {
    const [, name] = new URL(request.url).pathname.split("/");
    return fixtures[name].fetch(request, env, ctx);
  },
};
""")
    return "\n".join(lines)
