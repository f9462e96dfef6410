"""A real Catalog, a real HTTP server, and a platform that only pretends to run scripts."""

import asyncio
import json
import re
from dataclasses import dataclass, field

import aiohttp
import pytest

from holdfast.catalog import (
    Catalog,
    Deployed,
    ErrorCode,
    Loaded,
    ObjectInfo,
    Syntax,
    UploadRejected,
)
from holdfast.catalog.catalog import NO_NOTE
from holdfast.catalog.migrations import NO_CHANGES
from holdfast.host.system import SystemClock
from holdfast.server.queues import Queues
from holdfast.storage.d1 import D1Databases
from holdfast.storage.key_value import KeyValueStore
from holdfast.storage.queues import QueueStore
from holdfast.storage.r2 import Buckets

TOKEN = "t0ken-ü"
ACCOUNT = "/client/v4/accounts/0123456789abcdef/workers"


def queues_in(folder):
    """Queues that nobody delivers."""
    return Queues(
        QueueStore(folder / "queues.sqlite"),
        worker_of=lambda name: pytest.fail(f"{name} is run"),
        clock=SystemClock(),
        loop=asyncio.get_running_loop(),
        tell=lambda script, level, text: None,
        is_here=lambda queue: False,
        on_news=lambda queue: None,
        creates=False,
    )


@dataclass
class FakePlatform:
    """Reads exports off the text with regular expressions, and runs nothing."""

    catalog: Catalog
    key_value: KeyValueStore
    buckets: Buckets
    d1: D1Databases
    queues: Queues
    objects: dict = field(default_factory=dict)
    live: dict = field(default_factory=dict)

    async def deploy(self, script, changes=NO_CHANGES, note=NO_NOTE, max_delay_s=0.0):
        loaded = self._load(script)
        self.catalog.put_script(
            script,
            handlers=loaded.handlers,
            classes=loaded.classes,
            startup_time_ms=loaded.startup_time_ms,
            changes=changes,
            note=note,
            max_delay_s=max_delay_s,
        )
        self.live[script.name] = script
        return loaded

    async def upload_version(self, script, note=NO_NOTE):
        loaded = self._load(script)
        self.catalog.put_version(script, Loaded(loaded.handlers, loaded.classes, 3), note)
        return loaded

    async def deploy_versions(self, name, traffic, note=NO_NOTE):
        self.catalog.deploy(name, traffic, note)
        self.live[name] = self.catalog.script(name)

    async def put_settings(self, name, settings):
        return self.catalog.put_settings(name, settings)

    async def queues_changed(self):
        pass

    async def metrics(self):
        return "fake 1\n"

    def _load(self, script):
        text = script.main_module.content.decode("utf-8", "replace")
        if "CRASH" in text:
            raise RuntimeError("the platform has a bug, and knows a /secret/path")
        for number, line in enumerate(text.split("\n"), 1):
            if "SYNTAX ERROR" in line:
                raise UploadRejected(
                    ErrorCode.INVALID_SCRIPT, f"Uncaught SyntaxError at {script.main}:{number}"
                )
        if script.syntax is Syntax.SERVICE_WORKER:
            handlers = re.findall(r"""addEventListener\(['"](\w+)""", text)
            classes = []
        else:
            handlers = ["fetch"] if "export default" in text else []
            handlers += ["queue"] if "queue(" in text else []
            classes = re.findall(r"export class (\w+)", text)
        return Deployed(tuple(handlers), tuple(classes), startup_time_ms=3)

    async def delete_script(self, name):
        self.catalog.delete_script(name)
        del self.live[name]

    async def put_schedules(self, name, crons):
        return self.catalog.put_schedules(name, crons)

    async def put_routes(self, name, patterns, *, is_domain=False, takes_over=False):
        return self.catalog.put_routes(name, patterns, is_domain=is_domain, takes_over=takes_over)

    async def put_route(self, route):
        self.catalog.put_route(route)

    async def delete_route(self, route_id):
        self.catalog.delete_route(route_id)

    async def create_namespace(self, name, script, class_name, *, use_sqlite=False):
        return self.catalog.create_namespace(name, script, class_name, use_sqlite=use_sqlite)

    async def list_objects(self, namespace, cursor, limit):
        ids = self.objects.get(namespace.id, [])
        start = int(cursor) if cursor else 0
        shown = [ObjectInfo(object_id, has_stored_data=True) for object_id in ids[start:][:limit]]
        following = start + limit
        return shown, str(following) if following < len(ids) else None


@dataclass
class Answer:
    """An answer of the API: its status, headers and envelope."""

    status: int
    headers: dict
    body: bytes

    @property
    def envelope(self):
        return json.loads(self.body)

    @property
    def result(self):
        assert self.envelope["success"], self.envelope["errors"]
        assert self.envelope["errors"] == []
        return self.envelope["result"]

    @property
    def error(self):
        """The one error, as (code, message)."""
        envelope = self.envelope
        assert envelope["success"] is False
        assert envelope["result"] is None
        assert envelope["messages"] == []
        [error] = envelope["errors"]
        return error["code"], error["message"]


@dataclass
class Api:
    """A running API, and a client that has the token."""

    base: str
    session: aiohttp.ClientSession

    async def call(self, method, path, *, token=TOKEN, absolute=False, headers=(), **options):
        headers = {**dict(headers)}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = self.base + (path if absolute else ACCOUNT + path)
        async with self.session.request(method, url, headers=headers, **options) as response:
            return Answer(response.status, response.headers, await response.read())

    async def upload(self, name, metadata, *parts, query=""):
        """PUT a script. A part is (field, file name, content type, content)."""
        return await self.call("PUT", f"/scripts/{name}{query}", data=form(metadata, *parts))


def form(metadata, *parts):
    data = aiohttp.FormData(default_to_multipart=True, quote_fields=False)
    if metadata is not None:
        text = metadata if isinstance(metadata, str | bytes) else json.dumps(metadata)
        data.add_field("metadata", text, filename="metadata.json", content_type="application/json")
    for field_name, file_name, content_type, content in parts:
        data.add_field(field_name, content, filename=file_name, content_type=content_type)
    return data


ESM = "application/javascript+module"


def esm(name="main.mjs", content="export default { fetch() {} }; export class Counter {}"):
    return (name, name, ESM, content)


MAIN = {"main_module": "main.mjs"}
