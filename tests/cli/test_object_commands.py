"""`holdfast objects`, `backup`, `restore` and `check`, as their users see them."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.objects.ids import IdFactory
from holdfast.server.data_folder import LOCK_FILE, RESTORING
from tests.cli.running import holdfast
from tests.cli.serving import Served

pytestmark = pytest.mark.slow

COUNTERS = """
export class Counter {
  constructor(state) { this.storage = state.storage; }
  async fetch() {
    const count = (await this.storage.get("count") ?? 0) + 1;
    await this.storage.put("count", count);
    if (count === 1) await this.storage.setAlarm(Date.now() + 3_600_000);
    return new Response(String(count));
  }
  alarm() {}
}
export default {
  fetch(request, env) {
    const name = new URL(request.url).pathname.slice(1);
    return env.COUNTER.get(env.COUNTER.idFromName(name)).fetch(request);
  },
};
"""


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    (folder / "counters.mjs").write_text(COUNTERS)
    with Served(folder=folder) as server:
        deployed = server.tell(
            "deploy", "counters.mjs", "--object", "COUNTER=Counter", "--secret", "KEY=s3cret"
        )
        assert deployed.code == 0, deployed.err
        yield server


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as server:
        yield server


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """For commands that change nothing."""
    with serving(tmp_path_factory.mktemp("unchanged")) as server:
        yield server


def test_objects_are_listed_and_shown(served: Served) -> None:
    for name in ("tea", "coffee", "tea"):
        served.ask("counters", f"/{name}")
    listed = served.tell("objects", "list", "Counter")
    assert listed.code == 0
    assert {line.split()[-1] for line in listed.out.splitlines()[1:]} == {"coffee", "tea"}
    found = json.loads(served.tell("objects", "list", "counters_Counter", "--json").out)
    assert {thing["name"] for thing in found} == {"tea", "coffee"}
    shown = served.tell("objects", "show", "Counter", "tea").out
    assert "name    tea" in shown and '"count": 2' in shown and "alarm   20" in shown
    by_id = served.tell("objects", "show", "Counter", found[0]["id"], "--json")
    assert json.loads(by_id.out)["entries"][0]["key"] == "count"


def test_an_object_is_exported_imported_and_deleted(served: Served, tmp_path: Path) -> None:
    served.ask("counters", "/tea")
    exported = served.tell("objects", "export", "Counter", "tea", "--to", "tea.sqlite")
    assert exported.code == 0 and (tmp_path / "tea.sqlite").stat().st_size > 0
    served.ask("counters", "/tea")
    refused = served.tell("objects", "import", "Counter", "tea", "--from", "tea.sqlite")
    assert refused.code == 1 and "--yes" in refused.err
    taken = served.tell("objects", "import", "Counter", "tea", "--from", "tea.sqlite", "--yes")
    assert taken.code == 0, taken.err
    assert served.ask("counters", "/tea").text == "2"
    assert served.tell("objects", "delete", "Counter", "tea", "--yes").code == 0
    assert served.ask("counters", "/tea").text == "1"


def test_a_whole_namespace_is_exported_and_imported(served: Served, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        served.ask("counters", f"/{name}")
    assert served.tell("objects", "export", "Counter", "--all", "--to", "all").code == 0
    assert len([*(tmp_path / "all").glob("*.sqlite")]) == 3
    for name in ("a", "b", "c"):
        served.ask("counters", f"/{name}")
    assert served.tell("objects", "import", "Counter", "--all", "--from", "all", "--yes").code == 0
    assert served.ask("counters", "/b").text == "2"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("list", "Nothing"), "counters_Counter"),
        (("show", "Counter", "none"), "holds nothing"),
        (("show", "Counter", "0" * 64), "not valid for this namespace"),
        (("export", "Counter", "--to", "x"), "--all"),
        (("export", "Counter", "a", "--all", "--to", "x"), "--all"),
        (("import", "Counter", "a", "--from", "missing", "--yes"), "missing does not exist"),
        (("import", "Counter", "a", "--from", "counters.mjs", "--yes"), "The file is no SQLite"),
        (("restore", "Counter", "a", "--time", "2026-01-01"), "has no past"),
        (("export", "Counter", "a", "--to", "nowhere/a.sqlite"), "nowhere does not exist"),
        (("export", "Counter", "a", "--to", "."), ". is a folder; name a file"),
    ],
)
def test_a_mistake_is_told_in_a_line(
    unchanged: Served, arguments: tuple[str, ...], told: str
) -> None:
    done = unchanged.tell("objects", *arguments)
    assert (done.code, done.out) == (1, "")
    assert told in done.err and done.err.count("\n") == 1


def test_a_backup_under_load_is_restored_and_sound(served: Served, tmp_path: Path) -> None:
    names = [f"n{i}" for i in range(20)]
    answered = {name: int(served.ask("counters", f"/{name}").text) for name in names}
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            for name in names:
                served.ask("counters", f"/{name}")

    loading = threading.Thread(target=load)
    loading.start()
    try:
        made = served.tell("backup", "all.tar")
    finally:
        stop.set()
        loading.join()
    assert made.code == 0, made.err
    assert served.tell("backup", "all.tar").code == 1  # not over what is there

    restored = holdfast("restore", "all.tar", "--data", "elsewhere", folder=tmp_path)
    assert restored.code == 0, restored.out + restored.err
    assert "files are sound" in restored.out
    with Served("--data", "elsewhere", folder=tmp_path) as other:
        for name in names:
            assert int(other.ask("counters", f"/{name}").text) > answered[name]
        listed = json.loads(
            other.tell("objects", "list", "Counter", "--json", "--data", "elsewhere").out
        )
        assert {thing["name"] for thing in listed} == set(names)
        shown = other.tell("objects", "show", "Counter", "n1", "--data", "elsewhere").out
        assert "alarm   20" in shown
        assert other.stop() == 0
    checked = holdfast("check", "--data", "elsewhere", folder=tmp_path)
    assert checked.code == 0, checked.out


def test_check_names_what_is_damaged(served: Served, tmp_path: Path) -> None:
    served.ask("counters", "/tea")
    assert holdfast("check", folder=tmp_path).code == 1  # in use
    served.stop()
    assert holdfast("check", folder=tmp_path).code == 0
    [file] = [p for p in (tmp_path / ".holdfast/objects").rglob("*.sqlite") if len(p.stem) == 64]
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xee" * (len(content) - 4096)
    file.write_bytes(content)
    misplaced = file.with_name("0" * 64 + ".sqlite")
    misplaced.write_bytes(content[:100])
    done = holdfast("check", folder=tmp_path)
    assert done.code == 1
    assert file.name in done.out and "no id of the namespace" in done.out
    assert re.search(r"^\d+ faults in \d+ files\.$", done.out, re.MULTILINE)


def test_check_counts_in_singular_and_plural(tmp_path: Path) -> None:
    folder = tmp_path / ".holdfast" / "objects" / "site-Counter"
    folder.mkdir(parents=True)
    (folder / f"{IdFactory('site-Counter').from_name('a')}.sqlite").write_bytes(b"")
    done = holdfast("check", folder=tmp_path)
    assert (done.code, done.out.splitlines()[-1]) == (1, "1 fault in 1 file.")


def test_a_part_of_a_backup_is_not_taken_for_the_whole(served: Served, tmp_path: Path) -> None:
    for name in ("a", "b"):
        served.ask("counters", f"/{name}")
    assert served.tell("backup", "all.tar").code == 0
    content = (tmp_path / "all.tar").read_bytes()
    for number, length in enumerate((len(content) // 2, len(content) // 2 & ~511, 512 * 3)):
        (tmp_path / "part.tar").write_bytes(content[:length])
        done = holdfast("restore", "part.tar", "--data", f"new{number}", folder=tmp_path)
        assert done.code == 1 and "a part of one" in done.err
        assert [path.name for path in (tmp_path / f"new{number}").iterdir()] == [LOCK_FILE]


@pytest.mark.parametrize("command", [("check",), ("serve",), ("restore", "all.tar")])
def test_a_folder_whose_restoring_was_killed_is_not_used(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / ".holdfast").mkdir()
    (tmp_path / ".holdfast" / RESTORING).touch()
    (tmp_path / "all.tar").touch()
    done = holdfast(*command, folder=tmp_path)
    assert done.code == 1 and "remove it and restore again" in done.err


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 10240])
def test_what_is_no_backup_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    done = holdfast("restore", "x.tar", "--data", "new", folder=tmp_path)
    assert done.code == 1 and "no backup" in done.err and done.err.count("\n") == 1


def test_a_folder_that_holds_something_is_left_alone(served: Served, tmp_path: Path) -> None:
    assert served.tell("backup", "all.tar").code == 0
    served.stop()
    done = holdfast("restore", "all.tar", folder=tmp_path)
    assert done.code == 1 and "not empty" in done.err
