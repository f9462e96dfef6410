"""`holdfast serve` in this very process: the API, a catalog, isolates and storage together."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from holdfast.api import ApiServer, ApiSettings
from holdfast.catalog import Catalog
from holdfast.engine import Limits
from holdfast.server import CatalogSource, HostRoutes, Listener, Runtime, Settings
from holdfast.server.deployments import Deployments
from holdfast.server.opening import open_storage
from holdfast.server.settings import Bounds
from tests.inprocess import start
from tests.patience import PATIENCE_S

TOKEN = "token"
METRICS_TOKEN = "watcher"


@dataclass
class Deployment:
    """`holdfast serve` without the process."""

    session: aiohttp.ClientSession
    runtime: Runtime
    catalog: Catalog
    port: int
    api_port: int
    lines: list[str]

    async def api(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.api_port}/client/v4/accounts/a/workers/{path}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self.session.request(method, url, headers=headers, **options) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def upload(self, name: str, source: str, **metadata: Any) -> dict[str, Any]:
        return await self.api("PUT", f"scripts/{name}", data=self._form(source, metadata))

    async def keep(self, name: str, source: str, **metadata: Any) -> dict[str, Any]:
        """A version that is not live."""
        form = self._form(source, metadata)
        return await self.api("POST", f"scripts/{name}/versions", data=form)

    @staticmethod
    def _form(source: str, metadata: dict[str, Any]) -> aiohttp.FormData:
        form = aiohttp.FormData()
        fields = {"main_module": "main.mjs", **metadata}
        form.add_field("metadata", aiohttp.payload.JsonPayload(fields))
        form.add_field(
            "file", source, filename="main.mjs", content_type="application/javascript+module"
        )
        return form

    async def text(
        self,
        script: str,
        path: str = "/",
        method: str = "GET",
        headers: dict[str, str] | None = None,
    ) -> str:
        headers = {"Host": f"{script}.localhost", **(headers or {})}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, url, headers=headers) as response:
            return f"{response.status} {await response.text()}"


@pytest.fixture
async def deployment(tmp_path: Path) -> AsyncIterator[Deployment]:
    loop, lines = asyncio.get_running_loop(), []
    settings = Settings(
        tmp_path, Limits(turn_cpu_ms=1_000), bounds=Bounds(delay_seconds=PATIENCE_S)
    )
    catalog = Catalog(tmp_path / "catalog.sqlite")
    runtime = Runtime(
        settings,
        CatalogSource(catalog),
        open_storage(settings, loop),
        console=lambda script, level, text: lines.append(f"{script} {level}: {text}"),
        loop=loop,
    )
    listener = Listener(runtime, HostRoutes("localhost", runtime.routes))
    api = ApiServer(Deployments(catalog, runtime), ApiSettings(TOKEN, metrics_token=METRICS_TOKEN))
    port, api_port = await start(listener), await start(api)
    async with aiohttp.ClientSession() as session:
        yield Deployment(session, runtime, catalog, port, api_port, lines)
    await api.stop()
    await listener.stop()
    await runtime.aclose()
    catalog.close()
