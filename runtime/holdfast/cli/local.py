"""`holdfast dev` and `holdfast run`: one script on one port."""

import argparse
import asyncio
import io
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from holdfast.catalog.files import with_way_out
from holdfast.catalog.script import Script, Syntax
from holdfast.catalog.workflows import local_triggers
from holdfast.cli.console import complain, configure_logging, open_terminal, remark
from holdfast.cli.listening import (
    listening_failure,
    places,
    take_dev_address,
    workers_address,
)
from holdfast.cli.post import Post
from holdfast.cli.process import settings_from, spare_what_stays, unusable_folder
from holdfast.cli.processes import run_workers
from holdfast.cli.project_file import ProjectFile, SourceFile, open_scripts
from holdfast.cli.reload import Reading, Reloader, Triggers, error_page, read
from holdfast.cli.script_file import check_classes
from holdfast.cli.terminal import Terminal
from holdfast.dataclass import dataclass
from holdfast.host.edge import EXAMPLE
from holdfast.host.platform import Platform
from holdfast.server import FileSource, FileSources, Listener, OneScript, Runtime
from holdfast.server.data_folder import OBJECTS
from holdfast.server.listener import RequestLog
from holdfast.server.listening import CannotListen
from holdfast.server.opening import open_storage
from holdfast.server.renamed import KeptNames
from holdfast.server.triggers import TriggeringListener
from holdfast.workers import ScriptInvalid, WorkerResponse


def dev(options: argparse.Namespace) -> int:
    """Serve a script, print what happens, take up changes.

    A bundle's `process.env.NODE_ENV` is "development" here, unless the shell says otherwise.
    """
    os.environ.setdefault("NODE_ENV", "development")
    return _start(options, watch=True)


def run(options: argparse.Namespace) -> int:
    """Serve a script; print its console and errors only."""
    return _start(options, watch=False)


def _start(options: argparse.Namespace, *, watch: bool) -> int:
    configure_logging(options)
    try:
        files = open_scripts(options)
    except ValueError as error:
        return complain(error)
    served = [_Served(file, read(file)) for file in files]
    for one in served:
        # A file with a mistake is being worked on; a file that is none is a slip of the hand.
        if isinstance(one.reading, str) and not (watch and one.file.is_there):
            return complain(one.reading)
        if not watch and (untold := one.file.untold):
            return complain(untold[0])
        remark(one.file.notes)
        if watch and isinstance(one.file, ProjectFile) and one.file.databases:
            from holdfast.cli.unapplied import unapplied

            remark(unapplied(one.file.databases, options.data))
    if watch:
        take_dev_address(options, files[0].dev)
    server = LocalServer(options, served, watch=watch)
    return run_workers(options, [workers_address(options)], server.serve)


@dataclass(frozen=True, slots=True)
class _Served:
    """A script's file, and what was found in it at the start."""

    file: SourceFile
    reading: Reading

    def source(self, data: Path) -> FileSource:
        """The script for the runtime, or a page in its place."""
        reading, file = self.reading, self.file
        current = reading if isinstance(reading, Script) else error_page(file.name, "")
        return FileSource(
            current,
            uses_sqlite=file.uses_sqlite,
            implies=file.implies,
            tail_consumers=lambda: file.tail_consumers,
            kept_as=KeptNames(data / OBJECTS, file.former_names).of,
            max_steps=file.max_steps,
        )


class LocalServer:
    """One script, served from its file; and those that it is bound to, from theirs."""

    def __init__(
        self, options: argparse.Namespace, served: Sequence[_Served], *, watch: bool
    ) -> None:
        self._options = options
        self._served = served
        self._file = served[0].file
        self._files = {one.file.name: one.file for one in served}
        self._triggers: dict[str, Triggers] = {}
        self._watch = watch
        self._terminal = open_terminal()

    async def serve(self, post: Post, stop: asyncio.Event) -> int:
        """Listen until stopped; the exit status."""
        loop = asyncio.get_running_loop()
        settings = settings_from(self._options, clients=EXAMPLE if self._watch else {})
        with ExitStack() as folder:
            try:
                folder.enter_context(post.claim(settings.data))
                storage = open_storage(settings, loop, placement=post.placement)
            except OSError as error:
                return complain(unusable_folder(settings.data, error))
            sources = [one.source(settings.data) for one in self._served]
            platform = Platform()
            if self._watch:
                platform.kept.follow_author()
            runtime = Runtime(
                settings,
                sources[0] if len(sources) == 1 else FileSources(sources),
                storage,
                console=self._console,
                loop=loop,
                placement=post.placement,
                platform=platform,
            )
            try:
                await post.join(runtime)
                return await self._serve(runtime, sources, post, stop)
            finally:
                await runtime.aclose()

    def _console(self, script: str, level: str, text: str) -> None:
        self._terminal.script_line(script, level, self._told(script, text) if self._watch else text)

    def _told(self, script: str, text: str) -> str:
        file = self._files.get(script)
        return text if file is None else file.told(text)

    async def _serve(
        self, runtime: Runtime, sources: Sequence[FileSource], post: Post, stop: asyncio.Event
    ) -> int:
        options = self._options
        reloaders: list[Reloader] = []
        for one, source in zip(self._served, sources, strict=True):
            if self._watch:
                reloaders.append(self._reloader(one.file, source, runtime, post))
                continue
            try:
                loaded = runtime.worker(one.file.name)
                check_classes(source.current, loaded.exports)
            except ScriptInvalid as error:
                reason = with_way_out(str(error))
                return complain(f"{one.file.path} does not load: {reason}")
            self._set_triggers(runtime, post, one.file, self._triggers_of(one.file))
        for one, reloader in zip(self._served, reloaders, strict=False):
            # What was read at the start may have changed since, where this replaces a process.
            reloader.start(one.reading if post.is_new else read(one.file))
        routes = OneScript(self._file.name)
        listener = (
            ExplainingListener(
                runtime,
                routes,
                on_request=self._terminal.request,
                explained=lambda error: self._file.explained(
                    error, self._bound(runtime, sources[0].current)
                ),
            )
            if self._watch
            else (TriggeringListener if options.trigger_urls else Listener)(runtime, routes)
        )
        try:
            try:
                port = await post.listen(listener, workers_address(options))
            except CannotListen as error:
                return complain(listening_failure(error))
            if post.is_first and post.is_new:
                self._announce(runtime, sources[0].current, port)
            spare_what_stays()
            post.ready()
            await _until(stop, reloaders)
            post.ending(self._terminal)
            await listener.stop()
            await post.drained()
            return 0
        finally:
            await listener.stop()

    def _reloader(
        self, file: SourceFile, source: FileSource, runtime: Runtime, post: Post
    ) -> Reloader:
        return Reloader(
            file,
            source,
            runtime,
            self._terminal if post.is_first else Terminal(io.StringIO()),
            triggers=lambda: self._triggers_of(file),
            set_triggers=lambda triggers: self._set_triggers(runtime, post, file, triggers),
        )

    def _triggers_of(self, file: SourceFile) -> Triggers:
        given = self._options.cron if file is self._file else ()
        return Triggers(
            tuple(given) or file.crons, file.consumers, file.tail_consumers, file.workflows
        )

    def _set_triggers(
        self, runtime: Runtime, post: Post, file: SourceFile, triggers: Triggers
    ) -> None:
        runtime.retail()
        before = self._triggers.get(file.name)
        self._triggers[file.name] = triggers
        everybodys = self._triggers.items()
        if post.is_first:
            runtime.crons.set(
                trigger
                for name, their in everybodys
                for trigger in local_triggers(name, their.crons, their.workflows)
            )
        if triggers.consumers or (before is not None and before.consumers):
            runtime.resources.queues.deliver_to(
                declared.by(name) for name, their in everybodys for declared in their.consumers
            )

    def _bound(self, runtime: Runtime, script: Script) -> list[str]:
        """The names in `env` of the script that answers."""
        exports = runtime.worker(script.name).exports
        names = [binding.name for binding in script.bindings]
        names += filter(self._file.implies, (*exports.classes, *exports.workflows))
        return [*dict.fromkeys(names)]

    def _announce(self, runtime: Runtime, script: Script, port: int) -> None:
        name, where = self._file.name, places(workers_address(self._options), port)
        self._terminal.line(f"{name} is listening on {where}")
        if self._watch:
            prefix = "" if script.syntax is Syntax.SERVICE_WORKER else "env."
            bound = ", ".join(prefix + name for name in self._bound(runtime, script)) or "none"
            self._terminal.line(f"  bindings  {bound}")
            self._terminal.line(f"  data      {self._options.data.absolute()}")
            for file in self._files.values():
                self._terminal.line(f"  watching  {file.path.absolute()} and what it imports")


class ExplainingListener(TriggeringListener):
    """Tells the client what went wrong, and not only the log: it is the script's author."""

    def __init__(
        self,
        runtime: Runtime,
        routes: OneScript,
        *,
        on_request: RequestLog,
        explained: Callable[[str], str],
    ) -> None:
        """`explained` tells an error's author more of it."""
        super().__init__(runtime, routes, on_request=on_request)
        self._explained = explained

    def result_of(self, answer: "asyncio.Future[WorkerResponse]", message: Any) -> WorkerResponse:
        """See http_server.Handler."""
        response = super().result_of(answer, message)
        if (error := answer.exception()) is not None:
            assert isinstance(response.body, bytes), "a page of our own is no stream"
            response.body += f"\n{self._explained(str(error))}\n".encode(errors="replace")
        return response


async def _until(stop: asyncio.Event, reloaders: Iterable[Reloader]) -> None:
    """Return when stopped; a mistake of ours in a reloader ends the process with it."""
    stopped = asyncio.ensure_future(stop.wait())
    tasks: set[asyncio.Future[object]] = {stopped}  # type: ignore[arg-type]
    tasks.update(asyncio.ensure_future(reloader.follow()) for reloader in reloaders)
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    for task in done:
        task.result()
