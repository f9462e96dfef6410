"""The command line, described."""

import argparse
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from holdfast import __version__

DEFAULT_PORT = 8787
DEFAULT_API_PORT = 8788
DEFAULT_DATA = ".holdfast"
TOKEN_VARIABLE = "HOLDFAST_API_TOKEN"  # noqa: S105 - a name, no secret

_EPILOG = """\
examples:
  holdfast dev counter.mjs                   try a script out; restarts when it changes
  holdfast run counter.mjs --port 80         serve one script
  holdfast serve --data /var/lib/holdfast    the whole platform, with uploads
  holdfast deploy counter.mjs --name counter upload a script to it
"""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of the chosen command; exits with help where they are wrong."""
    parser = argparse.ArgumentParser(
        prog="holdfast",
        description="Run Workers and Durable Objects on your own machine.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"holdfast {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_local(commands, "dev", "serve one script and restart when its files change")
    _add_local(commands, "run", "serve one script in production")
    _add_serve(commands)
    _add_deploy(commands)
    _add_namespace(commands)
    return parser.parse_args(arguments)


def _command(
    commands: Any, name: str, summary: str, module: str, function: str | None = None
) -> argparse.ArgumentParser:
    """A sub-command that runs a function (of its name, or another) in a module of this package."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )

    def run(options: argparse.Namespace) -> int:
        status: int = getattr(import_module(f"holdfast.cli.{module}"), function or name)(options)
        return status

    parser.set_defaults(run=run)
    return parser


def _add_local(commands: Any, name: str, summary: str) -> None:
    parser = _command(commands, name, summary, "local")
    parser.add_argument("script", type=Path, help="the script's main file (.mjs or .js)")
    _add_address(parser)
    _add_data(parser)
    parser.add_argument("--name", help="the script's name (default: the file's)")
    parser.add_argument(
        "--var", action="append", default=[], metavar="NAME=VALUE", help="a variable in env"
    )
    _add_script_options(parser)
    _add_limits(parser)


def _add_serve(commands: Any) -> None:
    parser = _command(commands, "serve", "run the whole platform: uploads, many scripts", "serve")
    _add_address(parser)
    parser.add_argument("--api-port", type=_port, default=DEFAULT_API_PORT, help="port of the API")
    parser.add_argument("--api-host", default="127.0.0.1", help="address that the API listens on")
    parser.add_argument(
        "--domain", default="localhost", help="scripts are reached at <script>.DOMAIN"
    )
    _add_data(parser)
    _add_limits(parser)


def _add_deploy(commands: Any) -> None:
    parser = _command(commands, "deploy", "upload a script and make it live", "remote")
    parser.add_argument("script", type=Path, help="the script's main file (.mjs or .js)")
    parser.add_argument("--name", help="the script's name (default: the file's)")
    parser.add_argument(
        "--var", action="append", default=[], metavar="NAME=VALUE", help="a variable in env"
    )
    parser.add_argument(
        "--secret", action="append", default=[], metavar="NAME=VALUE", help="a secret in env"
    )
    parser.add_argument(
        "--object",
        action="append",
        default=[],
        metavar="NAME=CLASS[@SCRIPT]",
        help="a Durable Object class in env, of this script or another",
    )
    parser.add_argument(
        "--namespace-id",
        action="append",
        default=[],
        metavar="NAME=ID",
        help="a Durable Object namespace in env, by its id",
    )
    parser.add_argument(
        "--service", action="append", default=[], metavar="NAME=SCRIPT", help="a Worker in env"
    )
    parser.add_argument(
        "--module",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a module that the script imports in a way its text does not show",
    )
    _add_script_options(parser)
    _add_remote(parser)


def _add_namespace(commands: Any) -> None:
    parser = commands.add_parser(
        "namespace",
        help="manage Durable Object namespaces",
        description="Durable Object namespaces.",
    )
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    create = _command(
        actions, "create", "create the namespace of a class", "remote", "create_namespace"
    )
    create.add_argument("name", help="the namespace's name")
    create.add_argument("--script", required=True, help="the script that exports the class")
    create.add_argument("--class", dest="class_name", required=True, help="the exported class")
    create.add_argument("--sqlite", action="store_true", help="back the class with SQLite")
    _add_remote(create)
    listing = _command(actions, "list", "list the namespaces", "remote", "list_namespaces")
    _add_remote(listing)


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="port to listen on")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, default=Path(DEFAULT_DATA), metavar="DIR", help="where data is kept"
    )


def _add_script_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--compatibility-date", metavar="DATE", help="as on Cloudflare: 2026-01-31")
    parser.add_argument(
        "--compatibility-flag", action="append", default=[], metavar="FLAG", help="may be repeated"
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    limits = parser.add_argument_group("limits")
    limits.add_argument(
        "--memory-mb", type=_positive, default=128, help="memory of one script's isolate"
    )
    limits.add_argument(
        "--cpu-ms", type=_positive, default=2000, help="CPU time of one turn of a script"
    )
    limits.add_argument(
        "--idle-seconds",
        type=_seconds,
        default=10.0,
        help="evict an object from memory after so long without use",
    )
    limits.add_argument(
        "--hang-seconds",
        type=_seconds,
        default=30.0,
        help="fail a call to an object that nothing can answer any more after so long",
    )
    limits.add_argument(
        "--allow-private-egress",
        action="store_true",
        help="let scripts fetch loopback and private addresses",
    )


def _add_remote(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--api-url",
        default=os.environ.get("HOLDFAST_API_URL", f"http://127.0.0.1:{DEFAULT_API_PORT}"),
        help="where the API of `holdfast serve` is ($HOLDFAST_API_URL)",
    )
    parser.add_argument(
        "--token", help=f"the API's token (default: ${TOKEN_VARIABLE}, or --data's)"
    )
    parser.add_argument("--account", default="holdfast", help="the account's tag; any will do")
    _add_data(parser)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535 (0: any free one)")
    return port


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0 seconds")
    return seconds
