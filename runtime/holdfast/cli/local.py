"""`holdfast dev` and `holdfast run`: one script on one port."""

import argparse
import asyncio
import logging
from pathlib import Path

from holdfast.catalog.bindings import PlainText
from holdfast.catalog.files import guess_syntax, read_modules
from holdfast.catalog.script import Script
from holdfast.cli.console import Terminal, complain, configure_logging
from holdfast.cli.options import named_values, script_name, settings_from
from holdfast.cli.process import run_until_stopped
from holdfast.cli.watch import snapshot, until_changed
from holdfast.server import FileSource, Listener, OneScript, Runtime
from holdfast.server.opening import open_storage
from holdfast.workers import ScriptInvalid


def dev(options: argparse.Namespace) -> int:
    """Serve a script, print what happens, take up changes."""
    configure_logging(logging.WARNING)
    return _start(options, watch=True)


def run(options: argparse.Namespace) -> int:
    """Serve a script; print its console and errors only."""
    configure_logging(logging.WARNING)
    return _start(options, watch=False)


def _start(options: argparse.Namespace, *, watch: bool) -> int:
    try:
        script = read_script(options)
    except FileNotFoundError:
        return complain(f"{options.script} does not exist")
    except (OSError, ValueError) as error:
        return complain(str(error))
    server = LocalServer(options, script, watch=watch)
    return run_until_stopped(server.serve)


def read_script(options: argparse.Namespace) -> Script:
    """The script in the file that the options name. Raises OSError, ValueError."""
    path: Path = options.script
    variables = named_values(options.var, "--var")
    modules = read_modules(path)
    return Script(
        name=script_name(path, options.name),
        main=modules[0].name,
        syntax=guess_syntax(path),
        modules=modules,
        bindings=tuple(PlainText(name, value) for name, value in variables),
        compatibility_date=options.compatibility_date,
        compatibility_flags=tuple(options.compatibility_flag),
        version="local",
    )


class LocalServer:
    """One script, served from its file."""

    def __init__(self, options: argparse.Namespace, script: Script, *, watch: bool) -> None:
        self._options = options
        self._source = FileSource(script)
        self._watch = watch
        self._terminal = Terminal()
        self._runtime: Runtime

    async def serve(self, stop: asyncio.Event) -> int:
        """Listen until stopped; the exit status."""
        options, loop = self._options, asyncio.get_running_loop()
        settings = settings_from(options)
        try:
            storage = open_storage(settings, loop)
        except OSError as error:
            return complain(f"the data folder {settings.data} cannot be used: {error}")
        self._runtime = Runtime(
            settings,
            self._source,
            storage,
            console=self._terminal.script_line,
            loop=loop,
        )
        listener = Listener(
            self._runtime,
            OneScript(self._source.current.name),
            on_request=self._terminal.request if self._watch else None,
        )
        try:
            if not self._load() and not self._watch:
                return 1
            try:
                port = await listener.start(options.host, options.port)
            except OSError as error:
                return complain(
                    f"port {options.port} on {options.host} cannot be had ({error.strerror}); "
                    "choose another with --port"
                )
            self._announce(options.host, port)
            await self._until(stop)
            return 0
        finally:
            await listener.stop()
            await self._runtime.aclose()

    def _load(self) -> bool:
        """Bring the script up before the first request needs it."""
        try:
            self._runtime.worker(self._source.current.name)
        except ScriptInvalid as error:
            self._terminal.script_line(self._source.current.name, "error", str(error))
            return False
        return True

    def _announce(self, host: str, port: int) -> None:
        name = self._source.current.name
        shown = f"[{host}]" if ":" in host else host
        self._terminal.line(f"{name} is listening on http://{shown}:{port}/")

    async def _until(self, stop: asyncio.Event) -> None:
        if not self._watch:
            await stop.wait()
            return
        watcher = asyncio.create_task(self._follow_changes())
        try:
            await stop.wait()
        finally:
            watcher.cancel()

    async def _follow_changes(self) -> None:
        while True:
            await until_changed(snapshot(self._files()))
            self._take_up_changes()

    def _files(self) -> list[Path]:
        folder = self._options.script.parent
        return [folder / module.name for module in self._source.current.modules]

    def _take_up_changes(self) -> None:
        """Replace the script by what its files say now; keep the old one if that fails."""
        try:
            script = read_script(self._options)
            self._source.current = script
            self._runtime.replace(script.name, self._runtime.load(script))
        except (ScriptInvalid, OSError, ValueError) as error:
            self._terminal.script_line(self._source.current.name, "error", str(error))
            self._terminal.line("The version before stays in service.")
            return
        self._terminal.line(f"{script.name} was reloaded.")
