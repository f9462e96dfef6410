"""The library of internal modules: compiled once, and read as far as it is asked for."""

from pathlib import Path

import pytest

from holdfast.engine import bytecode
from holdfast.engine.bytecode import BytecodeLibrary

SOURCES = {
    "holdfast:main.js": b'import { one } from "holdfast:one.js"; export const main = one;',
    "holdfast:one.js": b"export const one = 1;",
    "holdfast:seldom.js": b"export const seldom = 2;",
}


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The states whose sources were read, in a cache of its own."""
    monkeypatch.setattr(bytecode, "cache_directory", lambda: tmp_path)
    return []


def library(compiled: list[str], state: str = "a") -> BytecodeLibrary:
    def read() -> dict[str, bytes]:
        compiled.append(state)
        return SOURCES

    return BytecodeLibrary(state, read, "holdfast:main.js", prepare=lambda _, text: text)


def test_sources_are_read_once_for_each_state_of_theirs(compiled: list[str]) -> None:
    first, second = library(compiled), library(compiled)
    assert compiled == ["a"]
    assert second.bundle == first.bundle
    assert {name: bytes(second.modules[name]) for name in SOURCES} == first.modules
    assert [*second.modules] == [*SOURCES] and "holdfast:other.js" not in second.modules
    library(compiled, "b")
    assert compiled == ["a", "b"]


def test_what_few_ask_for_is_compiled_anew_where_it_is_damaged(
    compiled: list[str], tmp_path: Path
) -> None:
    first = library(compiled)
    (others,) = tmp_path.glob("*-others.qjsc")
    others.write_bytes(others.read_bytes()[:-1] + b"?")
    second = library(compiled)
    assert compiled == ["a"]
    assert second.modules["holdfast:seldom.js"] == first.modules["holdfast:seldom.js"]
    assert compiled == ["a", "a"]


def test_a_library_of_which_a_part_is_gone_is_made_again(
    compiled: list[str], tmp_path: Path
) -> None:
    library(compiled)
    for part in ("first", "others"):
        (path,) = tmp_path.glob(f"*-{part}.qjsc")
        path.unlink()
        library(compiled)
    assert compiled == ["a", "a", "a"]
