"""What is printed, and to whom in colour."""

import io
import os

import pytest

from holdfast.cli.terminal import Terminal, wants_colour


class Screen(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


class Full(io.StringIO):
    """A stream that takes nothing any more."""

    def write(self, text: str) -> int:
        raise BlockingIOError(text)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_a_screen_gets_colours_by_level_and_status() -> None:
    screen = Screen()
    terminal = Terminal(screen)
    terminal.script_line("w", "error", "bad")
    terminal.script_line("w", "log", "good")
    terminal.request("GET", "/", 404, 1.25)
    error, log, request = screen.getvalue().splitlines()
    assert error == "\x1b[31m[w] error: bad\x1b[0m"
    assert log == "[w] good"
    assert request.startswith("\x1b[33m") and request.endswith("GET / 404 1.2 ms\x1b[0m")


@pytest.mark.parametrize(
    ("variables", "on_screen", "in_file"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_the_environment_has_a_say_about_colours(
    variables: dict[str, str], on_screen: bool, in_file: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert wants_colour(Screen()) is on_screen
    assert wants_colour(io.StringIO()) is in_file


def test_what_a_script_prints_cannot_forge_the_lines_around_it() -> None:
    out = io.StringIO()
    Terminal(out).script_line("w", "log", "a\x1b]0;title\x07b\rc\r\nd\te\x9b1m")
    assert out.getvalue() == "[w] a\\x1b]0;title\\x07b\\x0dc\r\nd\te\\x9b1m\n"


def test_a_stream_that_cannot_write_letters_gets_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii")
    Terminal(stream).script_line("w", "log", "é \ud800")
    assert raw.getvalue() == b"[w] \\xe9 \\ud800\n"


def test_a_full_stream_loses_lines_and_nothing_else() -> None:
    Terminal(Full()).script_line("w", "log", "lost")


def test_a_pipe_that_nobody_reads_stops_nobody_and_is_told_what_it_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("holdfast.cli.terminal.READER_MS", 1)
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as stream:
        terminal = Terminal(stream)
        for number in range(1_000):
            terminal.line(f"{number} {'x' * 1_000}")
        os.set_blocking(reading, False)
        held = os.read(reading, 1 << 20).decode()
        kept = held.count("\n")
        assert held.startswith("0 x") and 0 < kept < 1_000
        terminal.line("after it")
        stream.close()
        *_, told, last = (held + reader.read()).splitlines()
    assert told.endswith(f"{1_000 - kept} lines were lost, which nobody read.")
    assert last == "after it"
