"""D1 databases over HTTP: made, listed, asked and deleted. Exports and imports: d1_transfer.py.

https://developers.cloudflare.com/api/resources/d1/
"""

import asyncio
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web

from holdfast.api.envelope import ApiRefusal, success
from holdfast.api.json_body import read_as, read_object
from holdfast.api.metadata import parse_object
from holdfast.api.paging import paged
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.api.unknown import first_unknown
from holdfast.catalog import D1, Binding, ErrorCode, UploadRejected
from holdfast.catalog.json_values import is_well_formed
from holdfast.catalog.script import iso_time
from holdfast.storage.d1 import Answers, Created, D1Database, D1Error, D1Registry, NameTaken, Query
from holdfast.storage.d1.encoding import decode_query, encode_objects, encode_rows

# Cloudflare's numbers.
INVALID_REQUEST = 7400
DATABASE_NOT_FOUND = 7404
QUERY_FAILED = 7500
NAME_TAKEN = 7502

DEFAULT_PAGE = 100
MAX_REQUEST_BYTES = 16 << 20  # a blob is a list of numbers
_COUNT_TABLES = (
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name <> '_cf_METADATA'"
    " AND name NOT LIKE 'sqlite%'"
)


class D1Handlers:
    """The handlers of `/d1/database`."""

    def __init__(self, platform: Platform) -> None:
        self._databases = platform.d1

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        databases = f"{account}/d1/database"
        database = f"{databases}/{{id}}"
        return [
            ("GET", databases, self.list_all),
            ("POST", databases, self.create),
            ("GET", database, self.read),
            ("DELETE", database, self.delete),
            ("POST", f"{database}/query", self.query),
            ("POST", f"{database}/raw", self.raw),
        ]

    async def list_all(self, request: web.Request) -> web.Response:
        """The databases, by pages (`page`, `per_page`); those whose name contains `name`."""
        name = request.query.get("name", "")
        found = await asyncio.to_thread(self._databases.registry.all)
        return paged([one for one in found if name in one.name], request, _listed, DEFAULT_PAGE)

    async def create(self, request: web.Request) -> web.Response:
        """Create a database of this name; where it is to be kept is checked by nobody."""
        fields = await read_object(request)
        name = fields.get("name")
        if not isinstance(name, str) or not name.strip() or not is_well_formed(name):
            raise refused('The body must have "name", a non-empty string.')
        created = Created(str(uuid.uuid4()), name, iso_time(datetime.now(UTC)))
        try:
            await asyncio.to_thread(self._databases.registry.add, created)
        except NameTaken as error:
            raise ApiRefusal(HTTPStatus.BAD_REQUEST, NAME_TAKEN, str(error)) from error
        return success(await self._described(created))

    async def read(self, request: web.Request) -> web.Response:
        """A database, by its id or its name."""
        return success(await self._described(await created_of(self._databases.registry, request)))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a database with all that it holds."""
        created = await created_of(self._databases.registry, request)
        await self._databases.delete(created.id)
        return success(None)

    async def query(self, request: web.Request) -> web.Response:
        """Run queries as one transaction: `{"sql", "params"}`, or these in a list, `batch`."""
        return await self._run(request, encode_objects)

    async def raw(self, request: web.Request) -> web.Response:
        """The same with rows as lists."""
        return await self._run(request, encode_rows)

    async def _run(self, request: web.Request, encode: Any) -> web.Response:
        created = await created_of(self._databases.registry, request)
        queries = await read_as(request, _queries, MAX_REQUEST_BYTES)

        def encoded(answers: Answers) -> bytes:
            results = ",".join(encode(outcome) for outcome in answers.outcomes)
            text = f'{{"success":true,"errors":[],"messages":[],"result":[{results}]}}\n'
            return text.encode()

        try:
            answer = await self._databases.run(created.id, queries, encoded)
        except D1Error as error:
            raise ApiRefusal(HTTPStatus.BAD_REQUEST, QUERY_FAILED, str(error)) from error
        return web.Response(body=answer, content_type="application/json", charset="utf-8")

    async def _described(self, created: Created) -> dict[str, Any]:
        def facts(database: D1Database) -> dict[str, int]:
            [outcome] = database.read([Query(_COUNT_TABLES)]).outcomes
            [(tables,)] = outcome.rows
            return {"num_tables": int(tables or 0), "file_size": outcome.size_after}

        found = await self._databases.work(created.id, facts, reads=True)
        return {**_listed(created), **found, "read_replication": {"mode": "disabled"}}


async def created_of(registry: D1Registry, request: web.Request) -> Created:
    """The database that a request is about. Raises ApiRefusal where there is none."""
    id_or_name = request.match_info["id"]
    found = await asyncio.to_thread(registry.find, id_or_name)
    if found is None:
        message = f"The database {id_or_name} could not be found"
        raise ApiRefusal(HTTPStatus.NOT_FOUND, DATABASE_NOT_FOUND, message)
    return found


async def refuse_unknown_databases(registry: D1Registry, bindings: Iterable[Binding]) -> None:
    """Raise UploadRejected for a binding whose D1 database was not created."""
    ids = lambda: {created.id for created in registry.all()}  # noqa: E731
    unknown = await first_unknown(bindings, D1, lambda one: one.database_id, ids)
    if unknown is not None:
        raise UploadRejected(
            ErrorCode.D1_DATABASE_NOT_FOUND,
            f'Binding "{unknown.name}": D1 database "{unknown.database_id}" not found. '
            "Create it with POST …/d1/database first.",
        )


def refused(message: str) -> ApiRefusal:
    """The error for a body that makes no sense."""
    return ApiRefusal(HTTPStatus.BAD_REQUEST, INVALID_REQUEST, message)


def _queries(body: bytes) -> list[Query]:
    """The queries of a body; one without parameters may have several statements."""
    fields = parse_object(body, "the body")
    entries = fields.get("batch", [fields])
    try:
        if not isinstance(entries, list):
            raise ValueError('"batch" must be a list')
        queries = [decode_query(entry) for entry in entries]
    except ValueError as error:
        raise refused(f"The body is not valid: {error}.") from error
    return [one for query in queries for one in query.single()]


def _listed(created: Created) -> dict[str, Any]:
    return {
        "uuid": created.id,
        "name": created.name,
        "created_at": created.created_on,
        "version": "production",
    }
