"""`holdfast serve`: the whole platform."""

import argparse
import asyncio
import logging
import os
import secrets
from contextlib import ExitStack
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from holdfast.api import ApiServer, ApiSettings, Whereabouts
from holdfast.catalog import Catalog, CatalogUnusable
from holdfast.cli.console import complain, configure_logging, open_terminal
from holdfast.cli.listening import (
    api_address,
    have_one_port,
    listening_failure,
    places,
    url_host,
    workers_address,
)
from holdfast.cli.post import Post
from holdfast.cli.process import settings_from, spare_what_stays, unusable_folder
from holdfast.cli.processes import run_workers
from holdfast.cli.terminal import Terminal
from holdfast.cli.where import METRICS_TOKEN_VARIABLE, TOKEN_FILE, TOKEN_VARIABLE
from holdfast.server import CatalogSource, HostRoutes, Listener, Runtime
from holdfast.server.data_folder import CATALOG
from holdfast.server.deployments import Deployments
from holdfast.server.listening import CannotListen
from holdfast.server.metrics import Metrics
from holdfast.server.opening import open_storage
from holdfast.storage.disk import sync_path

log = logging.getLogger("holdfast.cli")

TOKEN_BYTES = 32


def serve(options: argparse.Namespace) -> int:
    """Serve every uploaded script, and the API that takes uploads."""
    configure_logging(options)
    addresses = workers_address(options), api_address(options)
    if have_one_port(*addresses):
        port = options.api_port
        return complain(f"port {port} is asked for twice; choose another with --port or --api-port")
    return run_workers(options, addresses, partial(_serve, options))


async def _serve(options: argparse.Namespace, post: Post, stop: asyncio.Event) -> int:
    settings = settings_from(options)
    loop = asyncio.get_running_loop()
    with ExitStack() as folder:
        try:
            folder.enter_context(post.claim(settings.data))
            path = settings.data / CATALOG
            catalog = folder.enter_context(Catalog(path, for_reading=not post.is_first))
            token, fresh = api_token(settings.data) if post.is_first else ("", False)
            storage = open_storage(settings, loop, placement=post.placement)
        except CatalogUnusable as error:
            return complain(error)
        except OSError as error:
            return complain(unusable_folder(settings.data, error))
        terminal = open_terminal()
        console = terminal.script_line
        runtime = Runtime(
            settings,
            CatalogSource(catalog),
            storage,
            console=console,
            loop=loop,
            placement=post.placement,
        )
        listener = Listener(runtime, HostRoutes(options.domain, runtime.routes))
        workers = Whereabouts(options.domain)
        api: ApiServer | None = None
        try:
            await post.join(runtime)
            await runtime.resources.start_queues()
            if post.is_first:
                settings_of_api = ApiSettings(token, metrics_token=metrics_token(), workers=workers)
                api = _make_api(catalog, runtime, settings_of_api, post)
            ports = await _listen(options, post, listener, api)
            if ports is None:
                return 1
            workers.port = ports[0] or workers.port
            if post.is_first and post.is_new:
                _announce(terminal, options, *ports, token if fresh else None)
            spare_what_stays()
            post.ready()
            await stop.wait()
            post.ending(terminal)
            if api is not None:
                await api.stop()
            await listener.stop()
            await post.drained()
            return 0
        finally:
            if api is not None:
                await api.stop()
            await listener.stop()
            await runtime.aclose()


def _make_api(catalog: Catalog, runtime: Runtime, settings: ApiSettings, post: Post) -> ApiServer:
    """The API, in the one process that has it."""
    metrics = Metrics(runtime, post.ask_others, post.restarts)
    deployments = Deployments(catalog, runtime, post.tell_others, metrics)
    deployments.run_schedules()
    deployments.finish_deletions()
    if post.is_new:
        try:
            catalog.assets.tidy()
        except (CatalogUnusable, OSError) as error:
            log.warning("assets that nobody needs are not removed yet: %s", error)
    if not post.is_new:
        deployments.catch_up()
    return ApiServer(deployments, settings)


async def _listen(
    options: argparse.Namespace, post: Post, listener: Listener, api: ApiServer | None
) -> tuple[int, int] | None:
    """The ports of the Workers and of the API; None, and a complaint, where one is not to be had.

    The Workers' port comes last: who gets an answer there finds the API up as well.
    """
    try:
        api_port = 0 if api is None else await post.listen(api, api_address(options))
        return await post.listen(listener, workers_address(options)), api_port
    except CannotListen as error:
        complain(listening_failure(error))
        return None


def _announce(
    terminal: Terminal, options: argparse.Namespace, port: int, api_port: int, token: str | None
) -> None:
    address = workers_address(options)
    if address.hosts:
        terminal.line(f"Workers: http://<script>.{options.domain}:{port}/")
    if address.path is not None or address.given:
        elsewhere = places(address._replace(hosts=()), 0)
        terminal.line(f"Workers: {elsewhere}, with <script>.{options.domain} as the Host")
    terminal.line(f"API:     http://{url_host(options.api_host)}:{api_port}/client/v4")
    if token is not None:
        terminal.line(f"The API's token, told this once: {token}")
        terminal.line(f"It is kept in {options.data / TOKEN_FILE}.")
    if not _is_loopback(options.api_host):
        log.warning(
            "the API listens on %s, where other machines reach it, and does not encrypt: "
            "keep its port behind a proxy with TLS, or leave out --api-host",
            options.api_host,
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def metrics_token() -> str:
    """The token that opens the metrics alone; empty where there is none."""
    return os.environ.get(METRICS_TOKEN_VARIABLE, "").strip()


def api_token(data: Path) -> tuple[str, bool]:
    """The API's token, and whether it was made just now.

    `$HOLDFAST_API_TOKEN` comes first; else the data folder keeps one, readable by its
    owner alone. Raises OSError.
    """
    if given := os.environ.get(TOKEN_VARIABLE, "").strip():
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
