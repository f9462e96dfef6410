"""A parser that explains mistakes in one line, and the kinds of values that options take."""

import argparse
import gc
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from holdfast.importing import without_collections, without_package
from holdfast.meant import meant

USAGE_STATUS = 2  # what a shell's own commands return for options they do not know
MAX_WORKERS = 256
MAX_OPTIONS_IN_USAGE = 12
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Leaves descriptions as they are, and options room to stand beside their help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        """See argparse, which lists all options: many say nothing there, and are listed below."""
        if sum(bool(action.option_strings) for action in actions) > MAX_OPTIONS_IN_USAGE:
            given = [_in_usage(action) for action in actions if not action.option_strings]
            usage = " ".join(["%(prog)s [options]", *given])
        super().add_usage(usage, actions, groups, prefix)

    def add_argument(self, action: argparse.Action) -> None:
        """See argparse, which forgets that commands stand further in than what they belong to."""
        super().add_argument(action)
        for command in self._iter_indented_subactions(action):
            length = len(self._format_action_invocation(command)) + self._current_indent
            self._action_max_length = max(self._action_max_length, length + self._indent_increment)


def _in_usage(action: argparse.Action) -> str:
    return f"[{action.metavar}]" if action.nargs == "?" else str(action.metavar)


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors name the way out and whose options have one spelling.

    `describe` adds what it takes when that is first asked for: a command has no use for the options
    of all others.
    """

    def __init__(
        self, *, describe: "Callable[[Parser], None] | None" = None, **settings: object
    ) -> None:
        settings.setdefault("allow_abbrev", False)
        settings.setdefault("formatter_class", Formatter)
        super().__init__(**settings)  # type: ignore[arg-type]
        self._describe = describe
        self._commands: Mapping[str, Parser] = {}
        self.summary = ""  # what it does, in a few words

    def add_commands(self, title: str, metavar: str) -> Any:
        """Have it take one of some commands, which are added to what this returns."""
        commands = self.add_subparsers(title=title, metavar=metavar, prog=self.prog)
        self._commands = commands.choices
        return commands

    def described(self) -> "tuple[list[argparse.Action], Mapping[str, Parser]]":
        """Its options and arguments; and its commands by their names."""
        self._complete()
        arguments = [action for action in self._actions if action.nargs != argparse.PARSER]
        return arguments, self._commands

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str], namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """See argparse; commands have to be among those that there are."""
        self._complete()
        if self._commands:
            self._check_command(args)
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        """See argparse."""
        self._complete()
        return super().format_help()

    def _complete(self) -> None:
        describe, self._describe = self._describe, None
        if describe is not None:
            describe(self)

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong with the arguments, in one line, and end the process."""
        message = message.removeprefix("argument ")
        self.exit(USAGE_STATUS, f"{self.prog}: {message} (see `{self.prog} --help`)\n")

    def _check_command(self, arguments: Sequence[str]) -> None:
        """End the process if the first argument is none of the commands and asks for no help."""
        commands = self._commands
        if not arguments or arguments[0] in (*commands, *self._option_string_actions):
            return
        if arguments[0].startswith("-"):
            if close := meant(arguments[0], self._option_string_actions):
                self.error(f"there is no option {arguments[0]}; did you mean {close}?")
            if len(arguments) > 1:
                self.error(f"{arguments[0]} comes before the command; options follow it")
            self.error(f"there is no option {arguments[0]}")
        close = meant(arguments[0], commands)
        hint = f"did you mean {close!r}?" if close else f"there are {', '.join(commands)}"
        self.error(f"{arguments[0]!r} is no command; {hint}")

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """End the process over arguments that the command does not take."""
        first = unknown[0]
        if not first.startswith("-"):
            self.error(f"one argument too many: {first!r}")
        name = first.partition("=")[0]
        close = meant(name, set(_OPTION.findall(self.format_help())))
        hint = f"; did you mean {close}?" if close else ""
        self.error(f"there is no option {name}{hint}")

    def show_help(self) -> int:
        """Print the help; the exit status of a command that was asked for nothing."""
        self.print_help(sys.stdout)
        return 0


def folder(text: str) -> Path:
    """A folder; an empty text, as of a variable that is not set, is no name for the current one."""
    if text:
        return Path(text)
    raise argparse.ArgumentTypeError("a folder is needed; . is the current one")


def pair(form: str) -> Callable[[str], tuple[str, str]]:
    """What takes a name and a value, told as a form such as NAME=VALUE."""

    def named(text: str) -> tuple[str, str]:
        name, equals, value = text.partition("=")
        if name and equals:
            return name, value
        raise argparse.ArgumentTypeError(f"{text!r} is not {form}")

    return named


def script_name(text: str) -> str:
    """The name of a script."""
    from holdfast.catalog.errors import UploadRejected
    from holdfast.catalog.script import check_script_name

    try:
        check_script_name(text)
    except UploadRejected as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def cron(text: str) -> str:
    """A cron expression."""
    from holdfast.catalog.cron import Cron

    try:
        Cron(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def domain(text: str) -> str:
    """A name that scripts' host names end with, as in workers.example."""
    if re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no domain such as workers.example")


def port(text: str) -> int:
    """A port to listen on; 0 is any free one."""
    if text.isascii() and text.isdigit() and int(text) <= 65_535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port; 0 to 65535, where 0 is any free one")


def address(text: str) -> str:
    """A host name or an IP address to listen on; one of IPv6 may be in brackets."""
    if not text:
        raise argparse.ArgumentTypeError("an address is needed; 0.0.0.0 is all of IPv4, :: all")
    host = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if "[" in host or "]" in host or "/" in host or host.count(":") == 1:
        message = f"{text!r} is no address such as 127.0.0.1 or ::1; a port goes to its own option"
        raise argparse.ArgumentTypeError(message)
    return host


def socket_path(text: str) -> Path:
    """Where to make a Unix socket; a path, or what nginx makes of it, as in unix:/run/http.sock."""
    if path := text.removeprefix("unix:"):
        return Path(path)
    raise argparse.ArgumentTypeError("a path is needed")


def network(text: str) -> str:
    """An IP address or a network of them; `unix:` for all who come by the Unix socket."""
    from ipaddress import ip_network

    if text == "unix:":
        return text
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        message = f"{text!r} is no IP address, nor a network such as 10.0.0.0/8, nor unix:"
        raise argparse.ArgumentTypeError(message) from None


def origin(text: str) -> tuple[str, tuple[str, str]]:
    """HOST=URL: the host's name in lower case, and the scheme and authority of the URL."""
    from urllib.parse import urlsplit

    host, _, url = text.partition("=")
    try:
        parts = urlsplit(url)
        is_origin = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_origin = False
    if not host or re.search(r"[/:@]", host) or not is_origin or parts.path not in ("", "/"):
        message = f"{text!r} is not HOST=URL, such as www.example=http://10.0.0.5:8080"
        raise argparse.ArgumentTypeError(message)
    return host.lower(), (parts.scheme, parts.netloc)


def header_name(text: str) -> str:
    """The name of a header, in lower case."""
    if re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", text):
        return text.lower()
    raise argparse.ArgumentTypeError(f"{text!r} is no name of a header")


def smtp_url(text: str) -> str:
    """The URL of an SMTP relay; empty for none."""
    if text:
        from holdfast.server.mail import Relay

        try:
            Relay.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return text


def object_file(text: str) -> dict[str, Any]:
    """The object in a file of JSON."""
    import json

    try:
        told = json.loads(Path(text).read_text())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise argparse.ArgumentTypeError(f"{text} is no file of JSON: {reason}") from None
    if not isinstance(told, dict):
        raise argparse.ArgumentTypeError(f"{text} holds no object")
    return told


def positive(text: str) -> int:
    """A whole number from 1."""
    if text.isascii() and text.isdigit() and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")


def workers(text: str) -> int:
    """A number of processes."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_WORKERS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MAX_WORKERS}")


def seconds(text: str) -> float:
    """A time of more than nothing."""
    if duration := duration_or_zero(text):
        return duration
    raise argparse.ArgumentTypeError("must be more than 0 seconds")


def duration_or_zero(text: str) -> float:
    """A time in seconds, 0 included."""
    try:
        duration = float(text)
    except ValueError:
        duration = -1.0
    if 0 <= duration < float("inf"):
        return duration
    raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")


def day(text: str) -> str:
    """A date in the form that Cloudflare's compatibility dates have."""
    from datetime import date

    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-01-31")


def group(
    commands: Any,
    name: str,
    summary: str,
    description: str,
    describe: Callable[[Any], None],
) -> None:
    """A sub-command that is none without one of its actions, which `describe` adds."""
    parser: Parser = commands.add_parser(
        name,
        help=summary,
        description=description,
        describe=lambda parser: describe(parser.add_commands("actions", "ACTION")),
    )
    parser.summary = summary
    parser.set_defaults(run=lambda _: parser.show_help(), parser=parser)


def command(
    commands: Any,
    name: str,
    summary: str,
    description: str,
    function: tuple[str, str],
    describe: Callable[[Parser], None] | None = None,
) -> Parser:
    """A sub-command that runs a function, given as module of this package and name."""
    parser: Parser = commands.add_parser(
        name, help=summary, description=description, describe=describe
    )
    parser.summary = summary
    module, function_name = function

    def run(options: argparse.Namespace) -> int:
        # Others than `dev` and `run` have servers of aiohttp's, which need the whole of it.
        rest = without_package("aiohttp") if module == "local" else nullcontext()
        with without_collections(), rest:
            chosen = import_module(f"holdfast.cli.{module}")
            gc.freeze()
        status: int = getattr(chosen, function_name)(options)
        return status

    parser.set_defaults(run=run, parser=parser)
    return parser
