"""Workers and objects in this very process, over real HTTP: for tests of behaviour.

`Server` runs scripts given as text, on real storage in a folder of the test's own.
"""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from holdfast.api import ApiServer
from holdfast.catalog import (
    Binding,
    Namespace,
    NamespaceNotFound,
    Script,
    ScriptNotFound,
    Syntax,
    Traffic,
    Workflow,
)
from holdfast.catalog.routes import ScriptRoute
from holdfast.catalog.workflows import local_workflow
from holdfast.engine import Limits, Module, ModuleKind
from holdfast.host.context import Clock
from holdfast.host.platform import Platform
from holdfast.server import HostRoutes, Listener, Runtime, Settings
from holdfast.server.connection import Connection
from holdfast.server.http_server import HttpServer
from holdfast.server.listening import Address, open_address, port_of
from holdfast.server.opening import open_storage
from holdfast.server.settings import Bounds
from tests.patience import PATIENCE_S

_KINDS = {
    "js": ModuleKind.ESM,
    "mjs": ModuleKind.ESM,
    "cjs": ModuleKind.COMMONJS,
    "json": ModuleKind.JSON,
    "wasm": ModuleKind.WASM,
}


def make_script(
    name: str,
    source: str,
    *,
    bindings: tuple[Binding, ...] = (),
    modules: Mapping[str, bytes | str] = {},
    compatibility_date: str | None = None,
    compatibility_flags: tuple[str, ...] = (),
) -> Script:
    """A script of one main module, `<name>.mjs`, or of a classic script, `<name>.js`."""
    classic = "addEventListener(" in source and "export" not in source
    main = Module(
        f"{name}.js" if classic else f"{name}.mjs",
        ModuleKind.COMMONJS if classic else ModuleKind.ESM,
        source.encode(),
    )
    others = [
        Module(
            other,
            _KINDS.get(other.rpartition(".")[2], ModuleKind.TEXT),
            text.encode() if isinstance(text, str) else text,
        )
        for other, text in modules.items()
    ]
    return Script(
        name=name,
        main=main.name,
        syntax=Syntax.SERVICE_WORKER if classic else Syntax.MODULES,
        modules=(main, *others),
        bindings=bindings,
        compatibility_date=compatibility_date,
        compatibility_flags=compatibility_flags,
        version="test",
    )


class Scripts:
    """A ScriptSource of scripts in memory; each exported class is a namespace by its name."""

    implies_stores = True

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}
        self.known: dict[str, Namespace] = {}

    def traffic(self, name: str) -> Traffic:
        return Traffic.whole(self.script(name).version)

    def script(self, name: str, version: str | None = None) -> Script:
        try:
            return self.scripts[name]
        except KeyError:
            raise ScriptNotFound(name) from None

    def namespace(self, namespace_id: str) -> Namespace:
        try:
            return self.known[namespace_id]
        except KeyError:
            raise NamespaceNotFound(namespace_id) from None

    def namespaces(self) -> list[Namespace]:
        return [*self.known.values()]

    def routes(self) -> list[ScriptRoute]:
        return []

    def tail_consumers(self) -> dict[str, list[str]]:
        return {}

    def implied_namespaces(self, script: Script, classes: Any) -> list[Namespace]:
        return [self.add_namespace(script.name, name) for name in classes]

    def workflow(self, binding: Workflow, script: Script) -> Namespace:
        owner = binding.script_name or script.name
        return local_workflow(binding.workflow_name, owner, binding.class_name)

    def implied_workflows(self, script: Script, classes: Any) -> list[Workflow]:
        return [Workflow(name, name, name) for name in classes]

    def own_namespaces(self, script: Script, classes: Any) -> list[Namespace]:
        return self.implied_namespaces(script, classes)

    def add_namespace(self, script: str, class_name: str, *, use_sqlite: bool = True) -> Namespace:
        key = f"{script}-{class_name}"
        namespace = Namespace(key, class_name, script, class_name, key, use_sqlite)
        return self.known.setdefault(key, namespace)


@dataclass
class Answer:
    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


async def start(server: ApiServer | Listener | HttpServer) -> int:
    """Have a server listen; its port."""
    with open_address(Address(("127.0.0.1",), 0, "--port"), 1) as [listeners]:
        await server.start_on([each.dup() for each in listeners])
        return port_of(listeners)


class Server:
    """A runtime with a listener; use as an async context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        platform: Platform | None = None,
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        self._platform = platform
        self._clock = clock
        self.sources = Scripts()
        self.lines: list[str] = []
        settings.setdefault("limits", Limits(turn_cpu_ms=1_000))
        settings.setdefault("bounds", Bounds(delay_seconds=PATIENCE_S))  # on a slow machine, too
        self.settings = Settings(data=folder, **settings)
        self.runtime: Runtime
        self.port = 0

    async def __aenter__(self) -> "Server":
        loop = asyncio.get_running_loop()
        self.runtime = Runtime(
            self.settings,
            self.sources,
            open_storage(self.settings, loop),
            console=lambda script, level, text: self.lines.append(f"{script} {level}: {text}"),
            loop=loop,
            platform=self._platform,
            clock=self._clock,
        )
        self._listener = Listener(self.runtime, HostRoutes("localhost"))
        self.port = await start(self._listener)
        self._session = aiohttp.ClientSession(auto_decompress=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._listener.stop()
        await self.runtime.aclose()

    @property
    def connections(self) -> set[Connection]:
        """Those of clients, as the server has them."""
        assert self._listener._server is not None
        return self._listener._server.connections

    def add(self, name: str, source: str, **options: Any) -> None:
        """Make a script, or a new version of it, live."""
        script = make_script(name, source, **options)
        replaces = name in self.sources.scripts
        self.sources.scripts[name] = script
        if replaces:
            self.runtime.replace(name, self.runtime.load(script))

    async def fetch(
        self, path: str = "/", *, script: str = "main", method: str = "GET", **options: Any
    ) -> Answer:
        """One request to a script."""
        headers = {"Host": f"{script}.localhost:{self.port}", **options.pop("headers", {})}
        url = f"http://127.0.0.1:{self.port}{path}"
        if isinstance(options.get("data"), bytes | str):
            data = options["data"]
            options["data"] = io.BytesIO(data.encode() if isinstance(data, str) else data)
        async with self._session.request(
            method, url, headers=headers, allow_redirects=False, **options
        ) as response:
            return Answer(response.status, await response.text(), response.headers)

    async def text(self, path: str = "/", **options: Any) -> str:
        """The text of an answer, which has to be a 200."""
        answer = await self.fetch(path, **options)
        assert answer.status == 200, f"{answer.status} {answer.text} {self.lines}"
        return answer.text
