"""The command line, described. docs/command-line.md is the page for its users."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from holdfast import __version__
from holdfast.cli.cores import usable_cores
from holdfast.cli.data_arguments import add_d1, add_folder_commands, add_objects, add_r2
from holdfast.cli.parser import (
    MAX_WORKERS,
    Parser,
    address,
    command,
    cron,
    day,
    domain,
    duration_or_zero,
    group,
    header_name,
    network,
    object_file,
    origin,
    pair,
    port,
    positive,
    script_name,
    seconds,
    smtp_url,
    socket_path,
    workers,
)
from holdfast.cli.where import DEFAULT_API_PORT, SMTP_VARIABLE, TOKEN_VARIABLE, add_data, add_remote

LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")
SHELLS = ("bash", "zsh", "fish")

# A developer's restart does not wait for a client that hangs; a deployment's does.
DEV_DRAIN_SECONDS = 5.0
DRAIN_SECONDS = 30.0

_EPILOG = """\
examples:
  holdfast dev counter.mjs                   try a script out; reloads when it changes
  holdfast dev                               the same for a project with a wrangler.jsonc
  holdfast run counter.mjs --port 80         serve one script
  holdfast serve --data /var/lib/holdfast    the whole platform, with uploads
  holdfast deploy counter.mjs --object Counter=Counter
                                             upload a script with its class to it

`holdfast COMMAND --help` lists a command's options.
"""

_DEV = """\
Serves one script on every path and host of a port. Each class that it exports is bound in
env under its own name. When the script or a module that it imports changes, the new version
takes over; objects keep what they stored. A version that does not load leaves the one
before in service.

examples:
  holdfast dev counter.mjs --var GREETING=hello --port 8080
  holdfast dev                               the project of the wrangler.jsonc here or above
  holdfast dev shop --with stock             one project, and another that it is bound to
"""

_RUN = """\
Serves one script on every path and host of a port, as `holdfast dev` does, but watches no
files and prints no requests: only what the script logs, and errors. Ends with status 1 if
the script does not load.

examples:
  holdfast run counter.mjs --host :: --port 80 --workers 4
  holdfast run --env production --cron "*/5 * * * *" --log-format json
"""

_SERVE = f"""\
Hosts many scripts, each at a host name of its own, and takes uploads by Cloudflare's REST
API on a second port. The API's token comes from ${TOKEN_VARIABLE}; without that it is
made at the first start, printed once, and kept in the data folder.

examples:
  holdfast serve                             try it out, in this folder
  holdfast serve --data /var/lib/holdfast --domain workers.example --trusted-proxy 127.0.0.1
                                             behind a proxy, counter is counter.workers.example
"""

_DEPLOY = """\
Uploads a script, and the modules that it imports, to a `holdfast serve` and makes it live.

examples:
  holdfast deploy                            the project of the wrangler.jsonc here or above
  holdfast deploy counter.mjs --object Counter=Counter
  holdfast deploy site.mjs --name www --var GREETING=hello --service COUNTER=counter
"""

_COMPLETION = """\
Prints a script with which a shell completes `holdfast`, its commands, options and files.

  bash  eval "$(holdfast completion bash)" in ~/.bashrc
  zsh   eval "$(holdfast completion zsh)" in ~/.zshrc, after compinit
  fish  holdfast completion fish > ~/.config/fish/completions/holdfast.fish
"""

_NAMESPACE = """\
Creates and lists Durable Object namespaces of a `holdfast serve`. `holdfast deploy --object` and
migrations of a project create them, too.

example:
  holdfast namespace create counters --script counter --class Counter --sqlite
"""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of the chosen command, whose `run` runs it.

    Ends the process with a line that says what is wrong, and status 2.
    """
    words = [*(sys.argv[1:] if arguments is None else arguments)]
    if words[:1] == ["help"]:  # as many other commands have it
        words = [*words[1:], "--help"]
    options, unknown = command_line().parse_known_args(words)
    if unknown:
        options.parser.refuse(unknown)
    _check_together(options)
    return options


def _check_together(options: argparse.Namespace) -> None:
    """End the process over arguments that are wrong together."""
    if getattr(options, "cf_header", None) and not options.trusted_proxy:
        options.parser.error("--cf-header needs a --trusted-proxy, whose header alone is believed")
    if flags := getattr(options, "compatibility_flag", None):
        from holdfast.catalog.flags import mistake_in

        if mistake := mistake_in(flags):
            options.parser.error(f"--compatibility-flag: {mistake}")


def command_line() -> Parser:
    """The parser of all commands; each is described further when it is chosen."""
    parser = Parser(
        prog="holdfast",
        description="Runs Workers and Durable Objects on your own machine.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "-v",
        "--version",
        action="version",
        version=f"holdfast {__version__}",
        help="show the version and exit",
    )
    parser.set_defaults(run=lambda _: parser.show_help(), parser=parser)
    commands = parser.add_commands("commands", "COMMAND")
    _add_local(commands, "dev", "serve one script and reload it when its files change", _DEV)
    _add_local(commands, "run", "serve one script in production", _RUN)
    summary = "host many scripts and take uploads: the whole platform"
    command(commands, "serve", summary, _SERVE, ("serve", "serve"), _describe_serve)
    summary = "upload a script to a `holdfast serve`"
    command(commands, "deploy", summary, _DEPLOY, ("remote", "deploy"), _describe_deploy)
    summary = "create and list Durable Object namespaces"
    group(commands, "namespace", summary, _NAMESPACE, _add_namespace_actions)
    add_objects(commands)
    add_d1(commands)
    add_r2(commands)
    add_folder_commands(commands)
    summary = "print a script that completes commands in a shell"
    command(
        commands,
        "completion",
        summary,
        _COMPLETION,
        ("completion", "completion"),
        _describe_completion,
    )
    return parser


def _add_local(commands: Any, name: str, summary: str, description: str) -> None:
    describe = partial(_describe_local, name)
    command(commands, name, summary, description, ("local", name), describe)


def _describe_local(name: str, parser: Parser) -> None:
    _add_script(parser)
    _add_address(parser)
    add_data(parser)
    _add_script_options(parser)
    parser.add_argument(
        "--with",
        dest="with_script",
        action="append",
        default=[],
        type=Path,
        metavar="SCRIPT",
        help="another Worker, for bindings to it and to its classes; may be repeated",
    )
    _add_many(parser, "--cron", "CRON", 'when to run scheduled(), in UTC: "*/5 * * * *"', cron)
    if name == "run":
        parser.add_argument(
            "--trigger-urls",
            action="store_true",
            help="run scheduled() and email() by URL, as dev does; whoever asks may",
        )
    _add_workers(parser, 1, "1")
    _add_operation(parser, DEV_DRAIN_SECONDS if name == "dev" else DRAIN_SECONDS)
    _add_limits(parser)
    _add_bounds(parser)


def _describe_serve(parser: Parser) -> None:
    _add_address(parser)
    parser.add_argument(
        "--api-port",
        type=port,
        default=DEFAULT_API_PORT,
        metavar="PORT",
        help="port of the API; 0 for any free one (default: %(default)s)",
    )
    parser.add_argument(
        "--api-host",
        type=address,
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address that the API listens on (default: %(default)s)",
    )
    parser.add_argument(
        "--domain",
        type=domain,
        default="localhost",
        help="a script answers at its name and this (default: <script>.%(default)s)",
    )
    add_data(parser)
    cores = min(usable_cores(), MAX_WORKERS)
    _add_workers(parser, cores, f"one for each core, here {cores}")
    _add_operation(parser, DRAIN_SECONDS)
    _add_limits(parser)
    _add_bounds(parser)


def _describe_deploy(parser: Parser) -> None:
    _add_script(parser)
    _add_script_options(parser)
    _add_pairs(parser, "--secret", "NAME=VALUE", "a secret in env")
    _add_pairs(parser, "--namespace-id", "NAME=ID", "a Durable Object namespace in env, by its id")
    parser.add_argument(
        "--module",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a module that the script imports in a way its text does not show; may be repeated",
    )
    add_remote(parser)


def _describe_completion(parser: Parser) -> None:
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


def _add_namespace_actions(actions: Any) -> None:
    create = command(
        actions,
        "create",
        "create the namespace of a class",
        "Creates the namespace of a class that a live script exports; prints it as JSON.",
        ("remote", "create_namespace"),
    )
    create.add_argument("name", metavar="NAME", help="the namespace's name")
    create.add_argument("--script", required=True, help="the script that exports the class")
    create.add_argument(
        "--class", dest="class_name", required=True, metavar="CLASS", help="the exported class"
    )
    create.add_argument("--sqlite", action="store_true", help="for a class whose storage is SQLite")
    add_remote(create)
    listing = command(
        actions,
        "list",
        "list the namespaces",
        "Prints all namespaces as JSON.",
        ("remote", "list_namespaces"),
    )
    add_remote(listing)


def _add_script(parser: Parser) -> None:
    parser.add_argument(
        "script",
        type=Path,
        nargs="?",
        metavar="SCRIPT",
        help="the script's main file (.mjs or .js), or a wrangler.jsonc, .json or .toml, or the "
        "folder of one (default: the one in this folder, or above it)",
    )


def _add_address(parser: Parser) -> None:
    parser.add_argument(
        "--port",
        type=port,
        help="port to listen on; 0 for any free one (default: 8787)",
    )
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        type=address,
        metavar="ADDRESS",
        help="address to listen on; :: for all, 0.0.0.0 for all of IPv4; may be repeated "
        "(default: 127.0.0.1)",
    )
    parser.add_argument(
        "--socket",
        type=socket_path,
        metavar="PATH",
        help="Unix socket to listen on, in the place of a port, or beside it with --port or --host",
    )
    parser.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        type=network,
        metavar="ADDRESS",
        help="a proxy in front, or a network of them, or unix:, whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed; may be repeated",
    )
    parser.add_argument(
        "--origin",
        action="append",
        default=[],
        type=origin,
        metavar="HOST=URL",
        help="the server behind a host, which answers what scripts fetch of it; may be repeated",
    )
    parser.add_argument(
        "--cf",
        type=object_file,
        default={},
        metavar="FILE",
        help="JSON of an object, whose members request.cf has for all clients",
    )
    parser.add_argument(
        "--cf-header",
        type=header_name,
        metavar="NAME",
        help="the header in which a trusted proxy tells request.cf of each client, as JSON",
    )


def _add_script_options(parser: Parser) -> None:
    parser.add_argument(
        "--name",
        type=script_name,
        help="the script's name (default: the file's, or its configuration's)",
    )
    parser.add_argument(
        "--env", metavar="NAME", help="the environment of the configuration file to use"
    )
    _add_many(parser, "--without", "FIELD", "a field of the configuration to leave out, such as ai")
    _add_pairs(parser, "--var", "NAME=VALUE", "a variable in env")
    _add_pairs(parser, "--service", "NAME=SCRIPT", "another Worker in env")
    _add_pairs(
        parser,
        "--object",
        "NAME=CLASS[@SCRIPT]",
        "a Durable Object class in env, of this script or another",
    )
    parser.add_argument(
        "--compatibility-date",
        type=day,
        metavar="DATE",
        help="as on Cloudflare, such as 2026-01-31 (default: the newest)",
    )
    _add_many(parser, "--compatibility-flag", "FLAG", "as on Cloudflare, such as nodejs_compat")


def _add_pairs(parser: Parser, option: str, form: str, meaning: str) -> None:
    _add_many(parser, option, form, meaning, pair(form))


def _add_many(
    parser: Parser, option: str, form: str, meaning: str, kind: Callable[[str], Any] = str
) -> None:
    parser.add_argument(
        option,
        action="append",
        default=[],
        type=kind,
        metavar=form,
        help=f"{meaning}; may be repeated",
    )


def _add_workers(parser: Parser, count: int, counted: str) -> None:
    parser.add_argument(
        "--workers",
        type=workers,
        default=count,
        metavar="N",
        help=f"processes that share the work, each with objects of its own (default: {counted})",
    )


def _add_operation(parser: Parser, drain_seconds: float) -> None:
    parser.add_argument(
        "--smtp",
        type=smtp_url,
        default=os.environ.get(SMTP_VARIABLE, ""),
        metavar="URL",
        help="relay for mails of scripts, smtp://user:password@host:587 or smtps://… "
        f"(default: ${SMTP_VARIABLE}, or else files in the data folder's mail/)",
    )
    parser.add_argument(
        "--drain-seconds",
        type=duration_or_zero,
        default=drain_seconds,
        metavar="SECONDS",
        help="how long a stop waits for what is under way (default: %(default)g)",
    )
    parser.add_argument(
        "--log-level",
        choices=LOG_LEVELS,
        default="info",
        metavar="LEVEL",
        help=f"Holdfast's own log, on stderr: {', '.join(LOG_LEVELS)} (default: %(default)s)",
    )
    parser.add_argument(
        "--log-format",
        choices=LOG_FORMATS,
        default="text",
        metavar="FORMAT",
        help="text, or json for a JSON object a line, on stdout as well (default: %(default)s)",
    )


def _add_bounds(parser: Parser) -> None:
    bounds = parser.add_argument_group("overload", "What goes past these is refused at once.")
    for name, form, default, meaning in (
        ("requests", "N", 10_000, "requests that wait for one script's answer, in each process"),
        ("object-calls", "N", 5_000, "calls that wait for one object's answer"),
        ("connections", "N", 20_000, "connections of each process, WebSockets included"),
        ("held-mb", "MB", 256, "bodies that nobody takes, in each process"),
        ("delay-ms", "MS", 250, "how late a request may come up while more come than are answered"),
    ):
        bounds.add_argument(
            f"--max-{name}",
            type=positive,
            default=default,
            metavar=form,
            help=f"{meaning} (default: %(default)s)",
        )


def _add_limits(parser: Parser) -> None:
    limits = parser.add_argument_group("limits")
    limits.add_argument(
        "--memory-mb",
        type=positive,
        default=128,
        metavar="MB",
        help="memory of one script's isolate (default: %(default)s)",
    )
    limits.add_argument(
        "--cpu-ms",
        type=positive,
        default=2000,
        metavar="MS",
        help="CPU time of one turn of a script (default: %(default)s)",
    )
    limits.add_argument(
        "--idle-seconds",
        type=seconds,
        default=10.0,
        metavar="SECONDS",
        help="an object unused for so long leaves memory (default: %(default)g)",
    )
    limits.add_argument(
        "--hang-seconds",
        type=seconds,
        default=30.0,
        metavar="SECONDS",
        help="a call to an object that nothing can answer fails then (default: %(default)g)",
    )
    limits.add_argument(
        "--object-mb",
        type=positive,
        default=10_240,
        metavar="MB",
        help="how much an object with SQLite storage may store (default: %(default)s)",
    )
    limits.add_argument(
        "--history-days",
        type=duration_or_zero,
        default=30.0,
        metavar="DAYS",
        help="how far back in time objects and D1 databases can go; 0 keeps no past "
        "(default: %(default)g)",
    )
    limits.add_argument(
        "--allow-private-egress",
        action="store_true",
        help="let scripts fetch loopback and private addresses",
    )
