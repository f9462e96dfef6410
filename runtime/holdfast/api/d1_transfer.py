"""D1 databases as files of SQL: what `wrangler d1 export` and `wrangler d1 execute --file` ask.

A file comes and goes by a URL of its own, which holds a secret and ends after an hour: clients
send no token to it. Work that takes long goes on while the client asks again whether it is done.
"""

import asyncio
import hashlib
import secrets
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web

from holdfast.api.auth import with_own_token
from holdfast.api.body import bounded_body
from holdfast.api.d1 import DATABASE_NOT_FOUND, created_of, refused
from holdfast.api.envelope import ApiRefusal, success
from holdfast.api.json_body import read_object
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.dataclass import dataclass
from holdfast.storage.d1 import D1Database, D1Error, DumpOptions, Ingested
from holdfast.storage.d1.encoding import bookmark_of, meta_of
from holdfast.storage.d1.sql_script import statements_in
from holdfast.storage.names import SCRATCH

MAX_FILE_BYTES = 5_000_000_000
FILE_SECONDS = 3600.0
WORK_SECONDS = 20.0  # before the client is told to ask again
_CHUNK_BYTES = 1 << 18


@dataclass(slots=True)
class _File:
    """A file on its way, and until when."""

    name: str
    path: Path
    until: float
    etag: str = ""


@dataclass(slots=True)
class _Work:
    """What is done for a database, or was done last."""

    task: "asyncio.Task[dict[str, Any]]"
    bookmark: str = field(default_factory=lambda: secrets.token_hex(16))


class D1TransferHandlers:
    """The handlers of `export`, `import` and of the files. Their folder is made with the first."""

    def __init__(self, platform: Platform) -> None:
        self._databases = platform.d1
        self._folder: Path | None = None
        self._files: dict[str, _File] = {}
        self._work: dict[tuple[str, str], _Work] = {}

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        database = f"{account}/d1/database/{{id}}"
        file = f"{account}/d1/file/{{secret}}"
        return [
            ("POST", f"{database}/export", self.export),
            ("POST", f"{database}/import", self.ingest),
            ("PUT", file, self.put_file),
            ("GET", file, self.get_file),
        ]

    async def close(self, _app: web.Application) -> None:
        """Remove what was left."""
        for work in self._work.values():
            work.task.cancel()
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    # ---- out -----------------------------------------------------------------------

    async def export(self, request: web.Request) -> web.Response:
        """Begin an export, or tell how the one that was begun goes on."""
        created = await created_of(self._databases.registry, request)
        fields = await read_object(request)
        options = _dump_options(fields.get("dump_options") or {})
        key = ("export", created.id)
        if not fields.get("current_bookmark"):
            self._begin(key, lambda: self._export(created.id, created.name, options, request))
        return await self._told(key)

    async def _export(
        self, database_id: str, name: str, options: DumpOptions, request: web.Request
    ) -> dict[str, Any]:
        secret, file = await self._new_file(f"{name}.sql")

        def dump(database: D1Database) -> int:
            with file.path.open("w", encoding="utf-8", newline="") as out:
                return database.dump(options, out.write)

        await self._databases.work(database_id, dump, reads=True)
        return {"filename": file.name, "signed_url": _url(request, secret)}

    @with_own_token
    async def get_file(self, request: web.Request) -> web.StreamResponse:
        """A file that was exported."""
        file = self._file(request)
        return web.FileResponse(file.path, headers={"Content-Type": "application/sql"})

    # ---- in ------------------------------------------------------------------------

    async def ingest(self, request: web.Request) -> web.Response:
        """The steps of an import: `init`, `ingest` and `poll`."""
        created = await created_of(self._databases.registry, request)
        fields = await read_object(request)
        key = ("import", created.id)
        match fields.get("action"):
            case "init":
                secret, file = await self._new_file(f"{secrets.token_hex(8)}.sql")
                return success({"filename": file.name, "upload_url": _url(request, secret)})
            case "ingest":
                name, etag = fields.get("filename"), fields.get("etag")
                sent = [one for one in self._files.values() if one.name == name]
                if not sent or not sent[0].etag or sent[0].etag != etag:
                    raise refused("The file was not uploaded, or not all of it. Please retry.")
                self._begin(key, lambda: self._import(created.id, sent[0].path))
            case "poll":
                pass
            case _:
                raise refused('"action" must be "init", "ingest" or "poll".')
        return await self._told(key)

    async def _import(self, database_id: str, path: Path) -> dict[str, Any]:
        def run(database: D1Database) -> Ingested:
            with path.open("rb") as file:
                return database.run_all(statements_in(file))

        done = await self._databases.work(database_id, run)
        return {
            "num_queries": done.statements,
            "final_bookmark": bookmark_of(done.writes),
            "meta": meta_of(done.outcome),
        }

    @with_own_token
    async def put_file(self, request: web.Request) -> web.Response:
        """Take a file that is to be imported."""
        file = self._file(request)
        digest = hashlib.md5(usedforsecurity=False)
        async with bounded_body(
            request, max_bytes=MAX_FILE_BYTES, timeout_s=FILE_SECONDS
        ) as stream:
            with await asyncio.to_thread(file.path.open, "wb") as out:
                while chunk := await stream.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    await asyncio.to_thread(out.write, chunk)
        file.etag = digest.hexdigest()
        return web.Response(headers={"ETag": f'"{file.etag}"'})

    # ---- work and files ----------------------------------------------------------------

    def _begin(self, key: tuple[str, str], do: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        work = self._work.get(key)
        if work is not None and not work.task.done():
            raise refused(f"An {key[0]} of this database is under way. Please retry later.")
        self._work[key] = _Work(asyncio.ensure_future(do()))

    async def _told(self, key: tuple[str, str]) -> web.Response:
        """How far the work is; what went wrong with it, if it did."""
        work = self._work.get(key)
        if work is None:
            raise refused(f"No {key[0]} of this database was begun.")
        told: dict[str, Any] = {"success": True, "type": key[0], "at_bookmark": work.bookmark}
        await asyncio.wait([work.task], timeout=WORK_SECONDS)
        if not work.task.done():
            return success({**told, "status": "active", "messages": [], "errors": []})
        try:
            result = work.task.result()
        except D1Error as error:
            return success(
                {
                    **told,
                    "status": "error",
                    "error": str(error),
                    "errors": [str(error)],
                    "messages": [],
                }
            )
        return success({**told, "status": "complete", "result": result, "messages": []})

    async def _new_file(self, name: str) -> tuple[str, _File]:
        if self._folder is None:
            scratch = self._databases.data / SCRATCH
            await asyncio.to_thread(scratch.mkdir, exist_ok=True)
            self._folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=scratch))
        now = time.monotonic()
        for secret, old in [*self._files.items()]:
            if old.until < now:
                del self._files[secret]
                await asyncio.to_thread(old.path.unlink, missing_ok=True)
        secret = secrets.token_urlsafe(32)
        file = _File(name, self._folder / secrets.token_hex(16), now + FILE_SECONDS)
        self._files[secret] = file
        return secret, file

    def _file(self, request: web.Request) -> _File:
        file = self._files.get(request.match_info["secret"])
        if file is None or file.until < time.monotonic():
            message = "There is no such file, or not any more."
            raise ApiRefusal(HTTPStatus.NOT_FOUND, DATABASE_NOT_FOUND, message)
        return file


def _url(request: web.Request, secret: str) -> str:
    account = request.match_info["account"]
    return str(
        request.url.with_path(f"/client/v4/accounts/{account}/d1/file/{secret}").with_query(None)
    )


def _dump_options(fields: Any) -> DumpOptions:
    tables = fields.get("tables", []) if isinstance(fields, dict) else None
    if not isinstance(tables, list) or not all(isinstance(table, str) for table in tables):
        raise refused('"dump_options" must be an object, and its "tables" a list of strings.')
    return DumpOptions(
        no_schema=bool(fields.get("no_schema")),
        no_data=bool(fields.get("no_data")),
        tables=tuple(tables),
    )
