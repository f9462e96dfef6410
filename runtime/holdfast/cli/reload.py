"""Takes up changes of a script's files while it is served (`holdfast dev`).

Files are looked at every few milliseconds, which works on every file system, network and
container mounts included. What was read counts, not what was touched: a file that is saved
without a change reloads nothing, and one that is still being written is waited for.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from holdfast.catalog.files import with_way_out
from holdfast.catalog.script import Script, Syntax
from holdfast.cli.project_file import SourceFile
from holdfast.cli.script_file import ScriptUnreadable, Stamp, check_classes
from holdfast.cli.terminal import Terminal
from holdfast.engine.modules import Module, ModuleKind
from holdfast.server import FileSource, Runtime
from holdfast.workers import ScriptInvalid

if TYPE_CHECKING:
    from holdfast.catalog.consumers import DeclaredConsumer
    from holdfast.catalog.workflows import DeclaredWorkflow

INTERVAL_SECONDS = 0.025

# What can be read of a script: a version, or why there is none.
Reading = Script | str


class Triggers(NamedTuple):
    """What has a script run besides requests; and the scripts that are told of its events."""

    crons: tuple[str, ...]
    consumers: "tuple[DeclaredConsumer, ...]"
    tail_consumers: tuple[str, ...]
    workflows: "tuple[DeclaredWorkflow, ...]"


class Reloader:
    """Keeps the newest version that loads in service."""

    def __init__(
        self,
        file: SourceFile,
        source: FileSource,
        runtime: Runtime,
        terminal: Terminal,
        *,
        triggers: Callable[[], Triggers],
        set_triggers: Callable[[Triggers], None],
    ) -> None:
        """`triggers` tells the script's, `set_triggers` is told where they have changed."""
        self._file = file
        self._triggers_now = triggers
        self._set_triggers = set_triggers
        self._triggers: Triggers | None = None  # that are in force
        self._source = source
        self._runtime = runtime
        self._terminal = terminal
        self._tried: tuple[Reading, Triggers] | None = None
        self._failed = False
        self._has_served = False
        self._notes = file.notes  # that were told

    def start(self, reading: Reading) -> None:
        """Serve a first version, or a page that says why there is none."""
        self._try(reading, self._triggers_now())

    async def follow(self) -> None:
        """Take up changes until cancelled."""
        seen: Stamp | None = None
        pending: tuple[Reading, Triggers] | None = None
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            tried = self._tried and self._tried[0]
            stamp = self._file.stamp(tried if isinstance(tried, Script) else None)
            # A version that failed may wait for a file in a folder that is not looked at.
            if stamp == seen and not self._failed:
                continue
            seen = stamp  # taken before the reading, so that no change falls between
            reading = await asyncio.to_thread(read, self._file)
            found = reading, self._triggers_now()
            if found == self._tried:
                pending = None
            elif found != pending:
                pending, seen = found, None  # until two readings agree: it may be half written
            else:
                pending = None
                await self._try_in_time(*found)

    async def _try_in_time(self, reading: Reading, triggers: Triggers) -> None:
        """As `_try`; who is served meanwhile does not wait."""
        code = self._runtime.code_ahead
        compiled = await code.compile(reading) if isinstance(reading, Script) else None
        self._try(reading, triggers)
        del compiled

    def _try(self, reading: Reading, triggers: Triggers) -> None:
        is_new = self._tried is None or reading != self._tried[0]
        self._tried = reading, triggers
        if is_new:
            self._try_script(reading)
        if not self._failed and triggers != self._triggers:
            self._take_triggers(triggers)

    def _take_triggers(self, triggers: Triggers) -> None:
        if self._triggers is not None:
            if triggers.crons != self._triggers.crons:
                told = ", ".join(triggers.crons) or "none"
                self._terminal.line(f"Cron triggers: {told}.", "36")
            if triggers.consumers != self._triggers.consumers:
                told = ", ".join(consumer.queue for consumer in triggers.consumers) or "none"
                self._terminal.line(f"Queues consumed: {told}.", "36")
            if triggers.tail_consumers != self._triggers.tail_consumers:
                told = ", ".join(triggers.tail_consumers) or "none"
                self._terminal.line(f"Tail Workers: {told}.", "36")
        self._triggers = triggers
        self._set_triggers(triggers)

    def _try_script(self, reading: Reading) -> None:
        started = time.perf_counter()
        try:
            if isinstance(reading, str):
                raise ScriptInvalid(reading)
            self._serve(reading)
        except ScriptInvalid as error:
            self._failed = True
            self._fail(with_way_out(self._file.told(str(error))))
            return
        self._note()
        again = self._has_served or self._failed
        self._failed, self._has_served = False, True
        if again:
            elapsed_ms = (time.perf_counter() - started) * 1000
            self._terminal.line(f"{reading.name} was reloaded in {elapsed_ms:.0f} ms.", "36")

    def _note(self) -> None:
        """Tell what is new to be noted of a configuration that has changed."""
        known, self._notes = self._notes, self._file.notes
        for note in self._notes:
            if note not in known:
                self._terminal.line(f"note: {note}")

    def _serve(self, script: Script) -> None:
        """Make a version live, at once and as a whole. Raises ScriptInvalid."""
        resident = self._runtime.load(script)
        try:
            check_classes(script, resident.worker.exports)
        except ScriptInvalid:
            resident.worker.close()
            raise
        self._source.current = script
        self._runtime.replace(script.name, resident)

    def _fail(self, reason: str) -> None:
        self._terminal.script_line(self._file.name, "error", reason)
        if self._has_served:
            self._terminal.line("The version before stays in service.")
            return
        self._serve(error_page(self._file.name, reason))


def read(file: SourceFile) -> Reading:
    """The script in a file, or why there is none. Blocks."""
    try:
        return file.read()
    except ScriptUnreadable as error:
        return str(error)


def error_page(name: str, reason: str) -> Script:
    """A Worker that stands in for one that does not load and tells everybody why."""
    text = f"{name} does not load:\n\n{reason}\n\nIt is taken up as soon as its files change.\n"
    source = (
        f"const text = {json.dumps(text)};\n"
        "const headers = { 'content-type': 'text/plain;charset=UTF-8' };\n"
        "export default { fetch: () => new Response(text, { status: 500, headers }) };\n"
    )
    main = Module("error-page.mjs", ModuleKind.ESM, source.encode())
    return Script(name, main.name, Syntax.MODULES, (main,), (), None, (), "local")
