"""D1 databases from Python: what docs/rest-api.md has under that name, as functions.

They take where to and as whom as `client.py`'s do, block, and raise `ApiError` when the API
says no and OSError when nobody answers. `database` is a database's id or name.
"""

import hashlib
import shutil
import urllib.parse
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from holdfast.api.object_client import whole_file
from holdfast.api.session import DEFAULT_ACCOUNT, Session

_DATABASES = "/d1/database"
_PER_PAGE = 1_000
_PIECE_BYTES = 1 << 20


def create_database(
    name: str, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> dict[str, Any]:
    """Create a database; its `uuid`, `name` and what else is known of it."""
    session = Session(base_url, token, account)
    result: dict[str, Any] = session.send_json("POST", _DATABASES, {"name": name})
    return result


def list_databases(
    *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> list[dict[str, Any]]:
    """All databases, the newest first."""
    session = Session(base_url, token, account)
    found: list[dict[str, Any]] = []
    page: list[dict[str, Any]] = []
    while len(page) == _PER_PAGE or not found:
        number = len(found) // _PER_PAGE + 1
        page = session.send("GET", f"{_DATABASES}?per_page={_PER_PAGE}&page={number}")["result"]
        found += page
        if not page:
            break
    return found


def query(
    database: str, sql: str, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> list[dict[str, Any]]:
    """Run statements as one transaction; for each its `results` and `meta`."""
    session = Session(base_url, token, account)
    result: list[dict[str, Any]] = session.send_json(
        "POST", f"{_path(database)}/query", {"sql": sql}
    )
    return result


def import_sql(
    database: str, script: BinaryIO, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> dict[str, Any]:
    """Run a file of SQL as one transaction; `num_queries` and `meta`. Raises ValueError, too.

    It is read twice, and never as a whole.
    """
    session = Session(base_url, token, account)
    steps = f"{_path(database)}/import"
    digest = hashlib.md5(usedforsecurity=False)
    while piece := script.read(_PIECE_BYTES):
        digest.update(piece)
    etag, headers = digest.hexdigest(), {"Content-Length": str(script.tell())}
    script.seek(0)
    begun = session.send_json("POST", steps, {"action": "init", "etag": etag})
    request = urllib.request.Request(  # noqa: S310
        begun["upload_url"], script, headers, method="PUT"
    )
    with urllib.request.urlopen(request):  # noqa: S310 - the API's own
        pass
    told = session.send_json(
        "POST", steps, {"action": "ingest", "filename": begun["filename"], "etag": etag}
    )
    return _complete(session, steps, told, {"action": "poll"})


def export_sql(
    database: str, file: Path, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> None:
    """Write a database to a file as SQL, in one go or not at all. Raises ValueError, too."""
    session = Session(base_url, token, account)
    path = f"{_path(database)}/export"
    result = _complete(session, path, session.send_json("POST", path, {}), {})
    with (
        urllib.request.urlopen(result["signed_url"]) as content,  # noqa: S310 - the API's own
        whole_file(file) as out,
    ):
        shutil.copyfileobj(content, out)


def bookmark(
    database: str,
    moment: datetime | None = None,
    *,
    base_url: str,
    token: str,
    account: str = DEFAULT_ACCOUNT,
) -> str:
    """The bookmark of what there is now, or was at a moment, which has a time zone."""
    session = Session(base_url, token, account)
    query = (
        "" if moment is None else "?" + urllib.parse.urlencode({"timestamp": moment.isoformat()})
    )
    found = session.send("GET", f"{_path(database)}/time_travel/bookmark{query}")
    return str(found["result"]["bookmark"])


def restore(
    database: str, bookmark: str, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> dict[str, Any]:
    """Go back to a bookmark; the result's `previous_bookmark` undoes that."""
    session = Session(base_url, token, account)
    query = urllib.parse.urlencode({"bookmark": bookmark})
    result: dict[str, Any] = session.send_json(
        "POST", f"{_path(database)}/time_travel/restore?{query}", {}
    )
    return result


def _complete(
    session: Session, path: str, told: dict[str, Any], again: dict[str, Any]
) -> dict[str, Any]:
    while told["status"] == "active":
        told = session.send_json("POST", path, {**again, "current_bookmark": told["at_bookmark"]})
    if told["status"] == "error":
        raise ValueError("; ".join(told["errors"]))
    result: dict[str, Any] = told["result"]
    return result


def _path(database: str) -> str:
    return f"{_DATABASES}/{urllib.parse.quote(database, safe='')}"
