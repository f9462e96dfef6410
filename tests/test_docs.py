"""The documentation is true: its commands run, its options exist, its links lead somewhere.

Each `sh` block of a page runs as it stands, in the page's order and in one folder, and must
succeed; a `text` block right after it is what it prints. Three things differ from a reader's
terminal: ports are free ones, a block that starts a server goes to the background, and other
`make` targets than `run` are only looked up. A page that starts no server of its own speaks to
a `holdfast serve` whose token is in API_TOKEN, and has the examples in its folder.
"""

import contextlib
import functools
import io
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.cli import main
from tests.serving import (
    HOLDFAST,
    REPOSITORY,
    TOKEN,
    TOKEN_VARIABLE,
    HoldfastProcess,
    free_ports,
)

PAGES = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for pattern in ("*.md", "benchmarks/*.md", "docs/**/*.md", "js-examples/**/*.md")
    for path in REPOSITORY.glob(pattern)
)

FENCE = re.compile(r"^```(?P<kind>\w*)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!\w+:)(?P<target>[^)#\s]+)")
SECTION = re.compile(r"\]\((?!\w+:)(?P<target>[^)#\s]*)#(?P<section>[^)\s]+)\)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
ASSIGNMENT = re.compile(r"(?P<name>[A-Z_]+)=(?P<value>.*)")


@dataclass(frozen=True)
class Block:
    """The commands of one `sh` block, and what they must print, if the page says so."""

    commands: str
    printed: str | None


def blocks(page: str) -> list[Block]:
    fences = list(FENCE.finditer(page))
    found = []
    for position, fence in enumerate(fences):
        if fence["kind"] != "sh":
            continue
        after = fences[position + 1] if position + 1 < len(fences) else None
        answers = (
            after and after["kind"] == "text" and not page[fence.end() : after.start()].strip()
        )
        found.append(Block(fence["text"], after["text"] if after and answers else None))
    return found


class Terminal:
    """Runs a page's blocks as its reader would, with a second terminal for servers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port, self._api_port = free_ports(2)
        self._server: HoldfastProcess | None = None
        for copy in (folder / "js-examples", folder):
            shutil.copytree(REPOSITORY / "js-examples", copy, dirs_exist_ok=True)
        (folder / ".venv").symlink_to(HOLDFAST.parent.parent)
        self._env = os.environ | {
            "HOME": str(folder),
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
            "BASE_URL": f"http://127.0.0.1:{self._api_port}/client/v4",
        }

    def run(self, commands: str) -> str:
        """What the commands print; nothing for a server, which listens on return."""
        speaks = "8787" in commands or "8788" in commands
        commands = commands.replace("8787", str(self._port)).replace("8788", str(self._api_port))
        if commands.startswith("make "):
            commands = self._look_up_target(commands)
            if not commands:
                return ""
        if words := self._server_words(commands):
            self._serve(words)
            return ""
        if speaks and not self._server:
            self._env |= {TOKEN_VARIABLE: TOKEN, "API_TOKEN": TOKEN}
            self._serve(["holdfast", "serve"])
        done = subprocess.run(
            ["sh", "-eu", "-c", commands],
            cwd=self._folder,
            env=self._env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout

    def close(self) -> None:
        """Stop the server, as the page's reader does before the next one."""
        if self._server:
            self._server.stop()
            self._server = None

    def _look_up_target(self, command: str) -> str:
        """What `make run` would run; nothing for other targets, once they are known."""
        dry = ["make", "--no-print-directory", "--dry-run", f"PORT={self._port}"]
        done = subprocess.run(
            [*dry, *shlex.split(command)[1:]],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout.splitlines()[-1] if shlex.split(command)[1] == "run" else ""

    def _server_words(self, commands: str) -> list[str]:
        """The words of a command that serves until Ctrl-C; none if it is another."""
        words = shlex.split(commands) if "\n" not in commands.strip() else []
        command = [word for word in words if not ASSIGNMENT.fullmatch(word)]
        serves = command[1:2] in (["run"], ["serve"]) and command[0].endswith("holdfast")
        return words if serves and "--help" not in words else []

    def _serve(self, words: list[str]) -> None:
        self.close()
        assignments = [match for word in words if (match := ASSIGNMENT.fullmatch(word))]
        arguments = words[len(assignments) + 1 :]
        ports = [self._port]
        if "--port" not in arguments:
            arguments += ["--port", str(self._port)]
        if arguments[0] == "serve":
            arguments += ["--api-port", str(self._api_port)]
            ports.append(self._api_port)
        env = self._env | {match["name"]: match["value"] for match in assignments}
        self._server = HoldfastProcess(arguments, ports, self._folder, env=env)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


@functools.cache
def help_of(*arguments: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
        main([*arguments, "--help"])
    return shown.getvalue()


def commands(*above: str) -> list[tuple[str, ...]]:
    """Every command that takes options, those below `above`; ("namespace", "list") is one."""
    _, _, listed = help_of(*above).partition("s:\n  COMMAND\n" if not above else "s:\n  ACTION\n")
    names = re.findall(r"^    ([a-z][a-z0-9-]*)", listed, re.MULTILINE)
    if not names:
        return [above]
    return [command for name in names for command in commands(*above, name)]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_documented_command_runs_and_prints_what_the_page_says(
    page: str, terminal: Terminal
) -> None:
    for block in blocks((REPOSITORY / page).read_text()):
        printed = terminal.run(block.commands)
        if block.printed is not None:
            assert printed.strip() == block.printed.strip(), block.commands


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_to_a_file(page: str) -> None:
    folder = (REPOSITORY / page).parent
    targets = [link["target"] for link in LINK.finditer((REPOSITORY / page).read_text())]
    assert [target for target in targets if not (folder / target).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_section_leads_to_its_heading(page: str) -> None:
    file = REPOSITORY / page
    links = [link.groups() for link in SECTION.finditer(file.read_text())]
    wrong = [
        f"{target}#{section}"
        for target, section in links
        if (target or file.name).endswith(".md")
        and section not in sections(file.parent / target if target else file)
    ]
    assert wrong == []


@functools.cache
def sections(page: Path) -> set[str]:
    """The names that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_option_of_the_command_line_is_documented() -> None:
    documented = set(OPTION.findall((REPOSITORY / "docs/command-line.md").read_text()))
    found = commands()
    assert ("run",) in found
    for command in found:
        options = set(OPTION.findall(help_of(*command))) - {"--help"}
        assert options <= documented, f"holdfast {' '.join(command)} has options that no page names"


def test_every_documented_option_exists() -> None:
    documented = set(OPTION.findall((REPOSITORY / "docs/command-line.md").read_text()))
    existing = {option for command in commands() for option in OPTION.findall(help_of(*command))}
    assert documented <= existing | set(OPTION.findall(help_of()))
