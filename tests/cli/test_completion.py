"""Command lines are completed by scripts that know the parser's commands and options."""

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from holdfast.cli import main
from holdfast.cli.arguments import SHELLS, command_line
from holdfast.cli.parser import Parser


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def words(parser: Parser) -> Iterator[str]:
    """All names of commands and long options."""
    arguments, commands = parser.described()
    for argument in arguments:
        yield from (name.strip("-") for name in argument.option_strings if name.startswith("--"))
    for name, command in commands.items():
        yield name
        yield from words(command)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_option_is_in_the_script(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = script(shell, capsys)
    assert {*words(command_line())} <= set(re.findall(r"[a-z0-9][a-z0-9-]*", text))
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=text, text=True, check=True)


def test_bash_completes_commands_options_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    if not shutil.which("bash"):
        pytest.skip("bash is not here")
    wanted = {
        "holdfast de": "dev deploy",
        "holdfast d1 ti": "time-travel",
        "holdfast d1 time-travel i": "info",
        "holdfast run --max-o": "--max-object-calls",
        "holdfast run --log-level w": "warning",
        "holdfast run --log-level = w": "warning",
        "holdfast run counter": "",  # left to readline, which has files
        "holdfast objects list Counter --js": "--json",
        "holdfast completion f": "fish",
    }
    tries = "".join(
        f'COMP_WORDS=({line}); COMP_CWORD={line.count(" ")}; _holdfast; echo "${{COMPREPLY[*]}}"\n'
        for line in wanted
    )
    done = subprocess.run(
        ["bash", "--norc"],
        input=script("bash", capsys) + tries,
        capture_output=True,
        text=True,
        check=True,
    )
    assert dict(zip(wanted, done.stdout.split("\n"), strict=False)) == wanted
