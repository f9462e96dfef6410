"""The command line's own help and its answers to mistakes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast import __version__
from holdfast.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
SOURCES = Path(__file__).parents[2] / "runtime" / "holdfast"
VARIABLE = re.compile(r"\bHOLDFAST_[A-Z_]+")


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int | None, str, str]:
    """Exit status, stdout and stderr of a command line that starts nothing."""
    try:
        status: int | None = main(arguments)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    out, err = capsys.readouterr()
    return status, out, err


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said([], capsys)
    assert status == 0 and err == ""
    assert out == said(["--help"], capsys)[1]
    assert all(command in out for command in ("dev", "run", "serve", "deploy", "namespace"))


def test_where_there_are_many_options_the_first_line_leaves_them_to_the_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def first(*words: str) -> str:
        return said([*words, "--help"], capsys)[1].partition("\n")[0]

    assert first("dev") == "usage: holdfast dev [options] [SCRIPT]"
    assert first("serve") == "usage: holdfast serve [options]"
    assert first("check") == "usage: holdfast check [-h] [--data DIR]"


def test_a_group_without_an_action_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(["namespace"], capsys)
    assert status == 0 and "create" in out and "list" in out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(["--version"], capsys) == (0, f"holdfast {__version__}\n", "")
    assert said(["-v"], capsys) == (0, f"holdfast {__version__}\n", "")


def test_help_may_be_asked_for_as_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["dev"], ["d1", "execute"]):
        assert said(["help", *words], capsys) == said([*words, "--help"], capsys)
    assert "did you mean 'dev'?" in said(["help", "dve"], capsys)[2]


@pytest.mark.parametrize(
    "command",
    [
        ["dev"],
        ["run"],
        ["serve"],
        ["deploy"],
        ["namespace", "list"],
        ["objects", "list"],
        ["check"],
        ["backup"],
    ],
)
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said([*command, "--help"], capsys)
    assert status == 0
    assert "--data DIR" in out and "None" not in out and "[]" not in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serv"], "did you mean 'serve'?"),
        (["deplyo"], "did you mean 'deploy'?"),
        (["start"], "there are dev, run, serve, deploy, namespace, objects"),
        (["namespace", "crate"], "did you mean 'create'?"),
        (["--port", "80", "run", "x"], "--port comes before the command"),
        (["-V"], "there is no option -V"),
        (["run", "x.mjs", "--data", ""], "--data: a folder is needed; . is the current one"),
        (["run", "x.mjs", "--cron", "nope"], '"nope" is no cron expression: it must have five'),
        (["run", "x.mjs", "--name", "A B"], "--name: 'A B' is not a valid Worker name"),
        (["run", "x.mjs", "--var", "x"], "--var: 'x' is not NAME=VALUE"),
        (["deploy", "x.mjs", "--object", "=A"], "--object: '=A' is not NAME=CLASS"),
        (["serve", "--domain", "https://a.example/"], "is no domain such as workers.example"),
        (["serve", "--domain", "*.a.example"], "is no domain such as workers.example"),
        (
            ["run", "x.mjs", "--compatibility-flag", "nodejs_compact"],
            '--compatibility-flag: No such compatibility flag: nodejs_compact (did you mean "nod',
        ),
        (["--verison"], "there is no option --verison; did you mean --version?"),
        (["run", "x.mjs", "--prot", "80"], "there is no option --prot; did you mean --port?"),
        (["run", "x.mjs", "--por", "80"], "did you mean --port?"),
        (["dev", "x.mjs", "--api-url=y"], "there is no option --api-url"),
        (["run", "x.mjs", "y.mjs"], "one argument too many: 'y.mjs'"),
        (["run", "x.mjs", "--port", "http"], "--port: 'http' is no port"),
        (["run", "x.mjs", "--port", "65536"], "--port: '65536' is no port"),
        (["run", "x.mjs", "--port=-1"], "--port: '-1' is no port"),
        (["run", "x.mjs", "--host", ""], "--host: an address is needed"),
        (["run", "x.mjs", "--trusted-proxy", "nginx"], "'nginx' is no IP address"),
        (["run", "x.mjs", "--origin", "a.example"], "'a.example' is not HOST=URL, such as"),
        (["run", "x.mjs", "--origin", "a=http://b/c"], "'a=http://b/c' is not HOST=URL"),
        (["run", "x.mjs", "--origin", "a:80=http://b"], "'a:80=http://b' is not HOST=URL"),
        (["run", "x.mjs", "--origin", "a=ftp://b"], "'a=ftp://b' is not HOST=URL"),
        (["run", "x.mjs", "--origin", "a=http://b:x"], "'a=http://b:x' is not HOST=URL"),
        (["run", "x.mjs", "--cf", "none.json"], "--cf: none.json is no file of JSON: No such file"),
        (["run", "x.mjs", "--cf-header", "a b"], "--cf-header: 'a b' is no name of a header"),
        (["run", "x.mjs", "--cf-header", "X-Client"], "--cf-header needs a --trusted-proxy"),
        (["run", "x.mjs", "--memory-mb", "0"], "--memory-mb: '0' is not a whole number from 1"),
        (["run", "x.mjs", "--idle-seconds", "0"], "--idle-seconds: must be more than 0 seconds"),
        (["serve", "--drain-seconds", "nan"], "--drain-seconds: 'nan' is no number of seconds"),
        (["serve", "--log-level", "loud"], "invalid choice: 'loud'"),
        (["dev", "x.mjs", "--compatibility-date", "2026-02-30"], "is no date such as 2026-01-31"),
        (["namespace", "create", "x"], "required: --script, --class"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_status_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = said(arguments, capsys)
    assert (status, out) == (2, "")
    assert told in err and err.count("\n") == 1
    assert re.fullmatch(r"holdfast.*\(see `holdfast.* --help`\)\n", err)


@pytest.mark.parametrize(
    "arguments",
    [["run"], ["dev"], ["run", "x.mjs", "--with"], ["check", "--data"], ["restore"]],
)
def test_a_path_that_nobody_can_look_at_is_told(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = "x" * 300  # as a folder that may not be entered, but for root as well
    status, out, err = said([*arguments, name], capsys)
    assert (status, out) == (1, "")
    assert name in err and err.count("\n") == 1


def test_a_file_that_is_not_there_may_have_a_name_that_is_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "counter.mjs").touch()
    (tmp_path / "link.mjs").symlink_to("gone.mjs")
    asked = tmp_path / "conter.mjs"
    told = f"holdfast: {asked} does not exist; did you mean {tmp_path / 'counter.mjs'}?\n"
    assert said(["run", str(asked)], capsys) == (1, "", told)
    assert "it is a link to gone.mjs" in said(["run", str(tmp_path / "link.mjs")], capsys)[2]


def test_the_page_names_every_environment_variable_and_no_other() -> None:
    read = {name for path in SOURCES.rglob("*.py") for name in VARIABLE.findall(path.read_text())}
    assert set(VARIABLE.findall(PAGE.read_text())) == read


@pytest.mark.parametrize("command", ["dev", "run", "serve", "deploy"])
def test_the_page_has_each_default_that_the_help_tells(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said([command, "--help"], capsys)
    page = PAGE.read_text()
    told = re.findall(r"(--[a-z-]+)(?:(?!--)[^()])*\(default:\s+([0-9][\w.]*)\)", out)
    rows = {
        option: line
        for line in page.splitlines()
        for option in re.findall(r"^\| `(--[a-z-]+)", line)
    }
    assert told or command == "deploy"
    assert [pair for pair in told if pair[1] not in rows[pair[0]]] == []


def imported_by(statement: str) -> set[str]:
    """The modules that a fresh process has after a statement."""
    code = f"{statement}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_help_needs_nothing_but_the_parser() -> None:
    loaded = imported_by("from holdfast.cli.arguments import parse; parse(['run', 'x.mjs'])")
    assert not {name for name in loaded if name.startswith(("aiohttp", "holdfast.engine"))}


def test_serving_one_script_needs_no_api() -> None:
    """A start is mostly imports."""
    loaded = imported_by("import holdfast.cli.local")
    unneeded = ("holdfast.api", "aiohttp.web_app", "cryptography", "tarfile", "json5")
    unneeded += ("holdfast.catalog.env_file",)
    unneeded += ("holdfast.catalog.catalog", "holdfast.catalog.versions", "difflib")
    assert not {name for name in loaded if name.startswith(unneeded)}


def test_an_isolate_needs_no_tables_of_encodings_no_mail_and_no_icu() -> None:
    loaded = imported_by("from holdfast.host.ops import declared_ops; declared_ops()")
    assert "holdfast.host.encoding" in loaded
    assert not loaded & {"holdfast.host.decoders", "holdfast.host.mail_text", "cryptography"}
    assert not {name for name in loaded if name.startswith("holdfast.engine.icu")}


def test_asking_a_server_needs_none() -> None:
    loaded = imported_by("import holdfast.cli.objects, holdfast.cli.remote")
    unneeded = ("aiohttp", "holdfast.server", "cryptography", "_wasmtime")
    assert not {name for name in loaded if name.startswith(unneeded)}
