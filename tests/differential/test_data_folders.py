"""A data folder goes to and fro between workerd and `holdfast run`, also after crashes."""

import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.differential.sides import HoldfastSide, ShardedSide, Side, WorkerdSide
from tests.differential.workers import COMPATIBILITY_DATE, SHARED, Worker

pytestmark = pytest.mark.slow

MAIN = Path(__file__).parent / "folders" / "main.mjs"
WORKER = Worker(
    name="folders",
    main="main.mjs",
    files={"main.mjs": MAIN, "observe.mjs": SHARED},
    classes=("Kept",),
    compatibility_date=COMPATIBILITY_DATE,
    compatibility_flags=(),
    variables=(),
)
TIMEOUT_S = 30

Start = Callable[[type[Side], Path | None], Side]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a runtime, on a copy of the objects of another if these are given."""
    started: list[Side] = []

    def start(kind: type[Side], objects: Path | None) -> Side:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        if objects is not None:
            shutil.copytree(objects, kind.objects_in(folder))
        started.append(kind(WORKER, folder))
        return started[-1]

    yield start
    for side in started:
        side.kill()


def ask(side: Side, path: str, name: str = "one") -> str:
    headers = {"x-object": name, "x-by": "somebody"}
    request = urllib.request.Request(f"http://127.0.0.1:{side.port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
        text: str = response.read().decode()
        return text


DIRECTIONS = [(WorkerdSide, HoldfastSide), (HoldfastSide, WorkerdSide)]
NAMES = ["from workerd to holdfast", "from holdfast to workerd"]


@pytest.mark.parametrize(("writer", "reader"), DIRECTIONS, ids=NAMES)
def test_values_of_every_type_are_read_after_a_crash_of_the_writer(
    writer: type[Side], reader: type[Side], start: Start
) -> None:
    first = start(writer, None)
    written = ask(first, "/fill")
    first.kill()
    assert ask(start(reader, first.objects), "/") == written


@pytest.mark.parametrize(("writer", "reader"), DIRECTIONS, ids=NAMES)
def test_a_folder_goes_there_and_back_again(
    writer: type[Side], reader: type[Side], start: Start
) -> None:
    first = start(writer, None)
    ask(first, "/fill")
    ask(first, "/fill", "another")
    first.kill()
    second = start(reader, first.objects)
    changed = ask(second, "/change")
    untouched = ask(second, "/", "another")
    second.kill()
    third = start(writer, second.objects)
    assert ask(third, "/") == changed
    assert '"later"' in changed and '"numbers"' not in changed
    assert ask(third, "/", "another") == untouched


@pytest.mark.parametrize(("writer", "reader"), DIRECTIONS, ids=NAMES)
def test_many_objects_and_a_late_change_survive_a_crash(
    writer: type[Side], reader: type[Side], start: Start
) -> None:
    first = start(writer, None)
    names = [f"object {number}" for number in range(5)]
    written = {name: ask(first, "/fill", name) for name in names}
    changed = ask(first, "/change", names[0])
    first.kill()
    second = start(reader, first.objects)
    assert ask(second, "/", names[0]) == changed
    assert {name: ask(second, "/", name) for name in names[1:]} == {
        name: written[name] for name in names[1:]
    }


@pytest.mark.parametrize(("writer", "reader"), DIRECTIONS, ids=NAMES)
def test_an_alarm_that_one_has_set_rings_in_the_other(
    writer: type[Side], reader: type[Side], start: Start
) -> None:
    first = start(writer, None)
    ask(first, "/arm", "early bird")
    ask(first, "/fill", "night owl")  # sets one for the year 2096
    first.kill()
    second = start(reader, first.objects)
    deadline = time.monotonic() + TIMEOUT_S
    while '"rang for"' not in ask(second, "/", "early bird"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "early bird" in ask(second, "/", "early bird")
    assert '"alarm":4000000000000' in ask(second, "/", "night owl")


@pytest.mark.parametrize(("writer", "reader"), DIRECTIONS, ids=NAMES)
def test_facets_go_there_and_back_again(
    writer: type[Side], reader: type[Side], start: Start
) -> None:
    first = start(writer, None)
    paths = ["/facets/add/a", "/facets/add/b/inner", "/facets/add/a/\u00e9", "/facets/add/c"]
    quoted = [quote(path) for path in paths]
    for path in quoted:
        assert ask(first, path) == "1"
    ask(first, "/facets/delete/c")
    first.kill()
    second = start(reader, first.objects)
    assert [ask(second, path) for path in reversed(quoted)] == ["1", "2", "2", "2"]
    assert ask(second, "/facets/add/new") == "1"
    ask(second, "/facets/delete/b")
    second.kill()
    third = start(writer, second.objects)
    assert [ask(third, path) for path in quoted] == ["3", "1", "3", "2"]
    assert ask(third, "/facets/add/new") == "2"


@pytest.mark.parametrize("holdfast", [HoldfastSide, ShardedSide])
def test_small_writes_of_many_turns_are_in_the_files_after_an_orderly_end(
    holdfast: type[HoldfastSide], start: Start
) -> None:
    first = start(holdfast, None)
    assert isinstance(first, HoldfastSide)
    names = [f"object {number}" for number in range(5)]
    counted = {name: [ask(first, "/count", name) for _ in range(7)][-1] for name in names}
    assert all('"count"' in text for text in counted.values())
    first.kill()
    # What a kill leaves is for Holdfast alone: it brings the files up to date.
    second = start(holdfast, first.objects)
    assert {name: ask(second, "/", name) for name in names} == counted
    again = {name: [ask(second, "/count", name) for _ in range(5)][-1] for name in names}
    assert isinstance(second, HoldfastSide)
    second.stop()
    third = start(WorkerdSide, second.objects)
    assert {name: ask(third, "/", name) for name in names} == again
    further = {name: [ask(third, "/count", name) for _ in range(2)][-1] for name in names}
    third.kill()
    fourth = start(holdfast, third.objects)
    assert {name: ask(fourth, "/", name) for name in names} == further
