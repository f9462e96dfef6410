"""`holdfast serve`: the whole platform."""

import argparse
import asyncio
import logging
import os
import secrets
from pathlib import Path

from holdfast.api import ApiServer, ApiSettings
from holdfast.catalog import Catalog, CatalogUnusable
from holdfast.cli.arguments import TOKEN_VARIABLE
from holdfast.cli.console import Terminal, complain, configure_logging
from holdfast.cli.options import settings_from
from holdfast.cli.process import run_until_stopped
from holdfast.server import CatalogSource, Deployments, HostRoutes, Listener, Runtime
from holdfast.server.opening import open_storage
from holdfast.storage.disk import sync_path

TOKEN_FILE = "api-token"  # noqa: S105 - a name, no secret
TOKEN_BYTES = 32


def serve(options: argparse.Namespace) -> int:
    """Serve every uploaded script, and the API that takes uploads."""
    configure_logging(logging.INFO)
    return run_until_stopped(lambda stop: _serve(options, stop))


async def _serve(options: argparse.Namespace, stop: asyncio.Event) -> int:
    settings = settings_from(options)
    terminal = Terminal()
    loop = asyncio.get_running_loop()
    try:
        catalog = Catalog(settings.data / "catalog.sqlite")
        token, fresh = api_token(settings.data)
        storage = open_storage(settings, loop)
    except (CatalogUnusable, OSError) as error:
        return complain(f"the data folder {settings.data} cannot be used: {error}")
    runtime = Runtime(
        settings,
        CatalogSource(catalog),
        storage,
        console=terminal.script_line,
        loop=loop,
    )
    listener = Listener(runtime, HostRoutes(options.domain))
    api = ApiServer(Deployments(catalog, runtime), ApiSettings(token))
    try:
        try:
            api_port = await api.start(options.api_host, options.api_port)
            port = await listener.start(options.host, options.port)
        except OSError as error:
            return complain(f"cannot listen: {error}; see --port, --api-port, --host, --api-host")
        _announce(terminal, options, port, api_port, token if fresh else None)
        await stop.wait()
        terminal.line("Finishing the requests under way…")
        return 0
    finally:
        await api.stop()
        await listener.stop()
        await runtime.aclose()
        catalog.close()


def _announce(
    terminal: Terminal, options: argparse.Namespace, port: int, api_port: int, token: str | None
) -> None:
    terminal.line(f"Workers: http://<script>.{options.domain}:{port}/")
    terminal.line(f"API:     http://{options.api_host}:{api_port}/client/v4")
    if token is not None:
        terminal.line(f"The API's token, told this once: {token}")
        terminal.line(f"It is kept in {options.data / TOKEN_FILE}.")


def api_token(data: Path) -> tuple[str, bool]:
    """The API's token, and whether it was made just now.

    `$HOLDFAST_API_TOKEN` comes first; else the data folder keeps one, readable by its
    owner alone. Raises OSError.
    """
    if given := os.environ.get(TOKEN_VARIABLE):
        return given, False
    path = data / TOKEN_FILE
    if kept := _read_token(path):
        return kept, False
    token = secrets.token_urlsafe(TOKEN_BYTES)
    # It is told once only, so neither a crash nor a power loss may cut it off.
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync_path(data)
    return token, True


def _read_token(path: Path) -> str:
    """The token that is kept, or an empty string."""
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise OSError(f"{path} holds no token; remove it, and a new one is made") from error
