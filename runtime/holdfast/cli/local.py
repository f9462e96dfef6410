"""`holdfast dev` and `holdfast run`: one script on one port."""

import argparse
import asyncio
import io
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from holdfast.catalog.cron import Cron
from holdfast.catalog.script import Script, Syntax
from holdfast.cli.console import Terminal, complain, configure_logging, remark
from holdfast.cli.post import Address, Post, run_workers
from holdfast.cli.process import (
    listening_failure,
    settings_from,
    spare_what_stays,
    unusable_folder,
    url_host,
)
from holdfast.cli.project_file import SourceFile, open_script
from holdfast.cli.reload import Reading, Reloader, error_page, read
from holdfast.cli.script_file import with_way_out
from holdfast.host.platform import Platform
from holdfast.server import FileSource, Listener, OneScript, Runtime
from holdfast.server.listener import RequestLog
from holdfast.server.opening import open_storage
from holdfast.server.triggers import TriggeringListener
from holdfast.workers import ScriptInvalid, WorkerResponse


def dev(options: argparse.Namespace) -> int:
    """Serve a script, print what happens, take up changes."""
    return _start(options, watch=True)


def run(options: argparse.Namespace) -> int:
    """Serve a script; print its console and errors only."""
    return _start(options, watch=False)


def _start(options: argparse.Namespace, *, watch: bool) -> int:
    configure_logging(options.log_level)
    try:
        file = open_script(options)
        for cron in options.cron:
            Cron(cron)
    except ValueError as error:
        return complain(error)
    reading = read(file)
    # A file with a mistake in it is being worked on; a file that is none is a slip of the hand.
    if isinstance(reading, str) and not (watch and file.is_there):
        return complain(reading)
    remark(file.notes)
    server = LocalServer(options, file, reading, watch=watch)
    address = Address(options.host, options.port, "--port")
    return run_workers(options, [address], server.serve)


class LocalServer:
    """One script, served from its file."""

    def __init__(
        self, options: argparse.Namespace, file: SourceFile, reading: Reading, *, watch: bool
    ) -> None:
        self._options = options
        self._file = file
        self._reading = reading
        self._watch = watch
        self._terminal = Terminal()

    async def serve(self, post: Post, stop: asyncio.Event) -> int:
        """Listen until stopped; the exit status."""
        loop = asyncio.get_running_loop()
        settings = settings_from(self._options)
        with ExitStack() as folder:
            try:
                folder.enter_context(post.claim(settings.data))
                storage = open_storage(settings, loop, placement=post.placement)
            except OSError as error:
                return complain(unusable_folder(settings.data, error))
            reading = self._reading
            current = reading if isinstance(reading, Script) else error_page(self._file.name, "")
            source = FileSource(
                current, uses_sqlite=self._file.uses_sqlite, implies=self._file.implies
            )
            platform = Platform()
            if self._watch:
                platform.kept.follow_author()
            runtime = Runtime(
                settings,
                source,
                storage,
                console=self._console,
                loop=loop,
                placement=post.placement,
                platform=platform,
            )
            try:
                await post.join(runtime)
                return await self._serve(runtime, source, post, stop)
            finally:
                await runtime.aclose()

    def _console(self, script: str, level: str, text: str) -> None:
        told = self._file.told(text) if self._watch and level == "error" else text
        self._terminal.script_line(script, level, told)

    async def _serve(
        self, runtime: Runtime, source: FileSource, post: Post, stop: asyncio.Event
    ) -> int:
        options = self._options

        def crons() -> tuple[str, ...]:
            return tuple(options.cron) or self._file.crons

        def set_crons(crons: tuple[str, ...]) -> None:
            if post.is_first:
                runtime.crons.set((self._file.name, cron) for cron in crons)

        reloader = None
        if self._watch:
            terminal = self._terminal if post.is_first else Terminal(io.StringIO())
            reloader = Reloader(
                self._file, source, runtime, terminal, crons=crons, set_crons=set_crons
            )
            reloader.start(self._reading)
        else:
            try:
                runtime.worker(self._file.name)
            except ScriptInvalid as error:
                reason = with_way_out(str(error))
                return complain(f"{self._file.path} does not load: {reason}")
            set_crons(crons())
        routes = OneScript(self._file.name)
        listener = (
            ExplainingListener(
                runtime, routes, on_request=self._terminal.request, told=self._file.told
            )
            if self._watch
            else Listener(runtime, routes)
        )
        try:
            try:
                address = Address(options.host, options.port, "--port")
                port = await post.listen(listener, address)
            except OSError as error:
                return complain(listening_failure(error, options.host, options.port, "--port"))
            if post.is_first and post.is_new:
                self._announce(runtime, source.current, port)
            spare_what_stays()
            post.ready()
            await _until(stop, reloader)
            post.ending(self._terminal)
            await listener.stop()
            await post.drained()
            return 0
        finally:
            await listener.stop()

    def _announce(self, runtime: Runtime, script: Script, port: int) -> None:
        name, host = self._file.name, url_host(self._options.host)
        self._terminal.line(f"{name} is listening on http://{host}:{port}/")
        if self._watch:
            classes = runtime.worker(name).exports.classes
            names = [binding.name for binding in script.bindings]
            names += [name for name in classes if self._file.implies(name)]
            prefix = "" if script.syntax is Syntax.SERVICE_WORKER else "env."
            bound = ", ".join(prefix + name for name in dict.fromkeys(names)) or "none"
            self._terminal.line(f"  bindings  {bound}")
            self._terminal.line(f"  data      {self._options.data.absolute()}")
            self._terminal.line(f"  watching  {self._file.path.absolute()} and what it imports")


class ExplainingListener(TriggeringListener):
    """Tells the client what went wrong, and not only the log: it is the script's author."""

    def __init__(
        self,
        runtime: Runtime,
        routes: OneScript,
        *,
        on_request: RequestLog,
        told: Callable[[str], str],
    ) -> None:
        """`told` has the places in a stack be those of the author's files."""
        super().__init__(runtime, routes, on_request=on_request)
        self._told_where = told

    def result_of(self, answer: "asyncio.Future[WorkerResponse]", message: Any) -> WorkerResponse:
        """See http_server.Handler."""
        response = super().result_of(answer, message)
        if (error := answer.exception()) is not None:
            assert isinstance(response.body, bytes), "a page of our own is no stream"
            response.body += f"\n{self._told_where(str(error))}\n".encode(errors="replace")
        return response


async def _until(stop: asyncio.Event, reloader: Reloader | None) -> None:
    """Return when stopped; a mistake of ours in the reloader ends the process with it."""
    stopped = asyncio.ensure_future(stop.wait())
    tasks: set[asyncio.Future[object]] = {stopped}  # type: ignore[arg-type]
    if reloader is not None:
        tasks.add(asyncio.ensure_future(reloader.follow()))
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    for task in done:
        task.result()
