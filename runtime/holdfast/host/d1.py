"""The op behind D1 bindings, as https://developers.cloudflare.com/d1/worker-api/ has them."""

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.host.context import Host
from holdfast.host.large_json import loads
from holdfast.host.ops import async_op, awaited_work, in_thread

if TYPE_CHECKING:
    from holdfast.storage.d1 import D1Databases, Query

AT_ONCE_CHARACTERS = 1 << 16  # what a thread would not be worth


class D1Bindings:
    """The D1 databases that one isolate may reach, by number (the capability `d1`)."""

    def __init__(self, databases: "Callable[[], D1Databases]") -> None:
        """`databases` has them opened, which is asked for by the first query."""
        self._databases = databases
        self._ids: list[str] = []
        self._turn = asyncio.Lock()
        self._reading = 0

    def bind(self, database_id: str) -> int:
        """Let the isolate reach a database; its number there."""
        self._ids.append(database_id)
        return len(self._ids) - 1

    def find(self, number: int) -> "tuple[D1Databases, str]":
        """Where databases are kept, and the id of this one."""
        return self._databases(), self._ids[number]

    async def read(self, request: str) -> "list[Query]":
        """The queries of a request; those of requests that come later are read later.

        What is large is read on a thread. Raises ValueError.
        """
        if len(request) <= AT_ONCE_CHARACTERS and not self._reading:
            return _queries(request)
        self._reading += 1
        try:
            async with self._turn:
                queries: list[Query] = await in_thread(_queries, request)
                return queries
        finally:
            self._reading -= 1


def _queries(request: str) -> "list[Query]":
    from holdfast.storage.d1.encoding import decode_query

    try:
        return [decode_query(entry) for entry in loads(request)]
    except RecursionError as error:
        raise ValueError("A parameter is nested too deeply") from error


@async_op
async def d1_query(host: Host, database: int, request: str) -> str:
    """Run queries as one transaction. JSON: `[{sql, params?}]`.

    The answer is `{bookmark, results}`, or `{error}` with the words for the queries' author.
    """
    from holdfast.storage.d1 import D1Error
    from holdfast.storage.d1.encoding import encode_answers

    databases, database_id = host.capabilities.d1.find(database)
    try:
        queries = await host.capabilities.d1.read(request)
        work = databases.run(database_id, queries, encode_answers)
        answer: str = await awaited_work(work)
    except (D1Error, ValueError) as error:
        return json.dumps({"error": str(error)})
    return answer
