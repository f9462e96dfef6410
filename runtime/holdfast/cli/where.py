"""Options that say which server, and which data folder, a command is about."""

import argparse
import os
from pathlib import Path

from holdfast.cli.parser import Parser, folder

DEFAULT_API_PORT = 8788
DEFAULT_DATA = ".holdfast"
TOKEN_VARIABLE = "HOLDFAST_API_TOKEN"  # noqa: S105 - a name, no secret
METRICS_TOKEN_VARIABLE = "HOLDFAST_METRICS_TOKEN"  # noqa: S105 - a name, no secret
TOKEN_FILE = "api-token"  # noqa: S105 - in the data folder
URL_VARIABLE = "HOLDFAST_API_URL"
SMTP_VARIABLE = "HOLDFAST_SMTP_URL"
ENVIRONMENT_VARIABLE = "CLOUDFLARE_ENV"  # Wrangler's


def add_data(parser: Parser) -> None:
    """The folder that data is kept in."""
    parser.add_argument(
        "--data",
        type=folder,
        default=Path(DEFAULT_DATA),
        metavar="DIR",
        help="the folder that data is kept in (default: %(default)s)",
    )


def project_here(options: argparse.Namespace) -> Path:
    """The folder of the project that the command runs in: this one, or the nearest above it.

    The project's data lie there, too, unless --data says otherwise. Blocks.
    """
    from holdfast.catalog.project_files import nearest_project_folder

    folder = nearest_project_folder(Path())
    if options.data == Path(DEFAULT_DATA):
        options.data = folder / DEFAULT_DATA
    return folder


def environment_of(options: argparse.Namespace) -> str | None:
    """The environment of a project's configuration to use, where one is said."""
    return options.env or os.environ.get(ENVIRONMENT_VARIABLE) or None


def add_remote(parser: Parser) -> None:
    """The API to talk to, and as whom."""
    server = parser.add_argument_group("where to")
    server.add_argument(
        "--api-url",
        default=os.environ.get(URL_VARIABLE) or f"http://127.0.0.1:{DEFAULT_API_PORT}",
        metavar="URL",
        help=f"the API of a `holdfast serve` (default: ${URL_VARIABLE}, "
        f"or http://127.0.0.1:{DEFAULT_API_PORT})",
    )
    server.add_argument(
        "--token", help=f"the API's token (default: ${TOKEN_VARIABLE}, or the data folder's)"
    )
    server.add_argument(
        "--account", default="holdfast", help="its account; any will do (default: %(default)s)"
    )
    server.add_argument(
        "--data",
        type=folder,
        default=Path(DEFAULT_DATA),
        metavar="DIR",
        help="the data folder; that of a `holdfast serve` has its token (default: %(default)s)",
    )
