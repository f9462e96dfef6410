"""The op behind D1 bindings, as https://developers.cloudflare.com/d1/worker-api/ has them."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.host.context import Host
from holdfast.host.ops import async_op, awaited_work

if TYPE_CHECKING:
    from holdfast.storage.d1 import D1Databases


class D1Bindings:
    """The D1 databases that one isolate may reach, by number (the capability `d1`)."""

    def __init__(self, databases: "Callable[[], D1Databases]") -> None:
        """`databases` has them opened, which is asked for by the first query."""
        self._databases = databases
        self._ids: list[str] = []

    def bind(self, database_id: str) -> int:
        """Let the isolate reach a database; its number there."""
        self._ids.append(database_id)
        return len(self._ids) - 1

    def find(self, number: int) -> "tuple[D1Databases, str]":
        """Where databases are kept, and the id of this one."""
        return self._databases(), self._ids[number]


@async_op
async def d1_query(host: Host, database: int, request: str) -> str:
    """Run queries as one transaction. JSON: `[{sql, params?}]`.

    The answer is `{bookmark, results}`, or `{error}` with the words for the queries' author.
    """
    from holdfast.storage.d1 import D1Error
    from holdfast.storage.d1.encoding import decode_query, encode_answers

    databases, database_id = host.capabilities.d1.find(database)
    try:
        queries = [decode_query(entry) for entry in json.loads(request)]
        work = databases.run(database_id, queries, encode_answers)
        answer: str = await awaited_work(work)
    except (D1Error, ValueError) as error:
        return json.dumps({"error": str(error)})
    return answer
