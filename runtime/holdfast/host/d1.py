"""The op behind D1 bindings, as https://developers.cloudflare.com/d1/worker-api/ has them."""

import json

from holdfast.host.context import Host
from holdfast.host.ops import async_op, awaited_work
from holdfast.storage.d1 import Answers, D1Databases, D1Error
from holdfast.storage.d1.encoding import bookmark_of, decode_query, encode_rows


class D1Bindings:
    """The D1 databases that one isolate may reach, by number (the capability `d1`)."""

    def __init__(self, databases: D1Databases) -> None:
        self._databases = databases
        self._ids: list[str] = []

    def bind(self, database_id: str) -> int:
        """Let the isolate reach a database; its number there."""
        self._ids.append(database_id)
        return len(self._ids) - 1

    def find(self, number: int) -> tuple[D1Databases, str]:
        """Where databases are kept, and the id of this one."""
        return self._databases, self._ids[number]


@async_op
async def d1_query(host: Host, database: int, request: str) -> str:
    """Run queries as one transaction. JSON: `[{sql, params?}]`.

    The answer is `{bookmark, results}`, or `{error}` with the words for the queries' author.
    """
    databases, database_id = host.capabilities.d1.find(database)
    try:
        queries = [decode_query(entry) for entry in json.loads(request)]
        work = databases.run(database_id, queries, _encode)
        answer: str = await awaited_work(work)
    except (D1Error, ValueError) as error:
        return json.dumps({"error": str(error)})
    return answer


def _encode(answers: Answers) -> str:
    results = ",".join(encode_rows(outcome) for outcome in answers.outcomes)
    return f'{{"bookmark":"{bookmark_of(answers.writes)}","results":[{results}]}}'
