"""Objects as data from Python: what docs/rest-api.md has under that name, as functions.

They take where to and as whom as `client.py`'s do, block, and raise `ApiError` when the API
says no and OSError when nobody answers. `namespace` is a namespace's id; `thing` an object's
id, or `name:` and the name that its id was made from.
"""

import errno
import os
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from holdfast.api.session import DEFAULT_ACCOUNT, Session

_NAMESPACES = "/workers/durable_objects/namespaces"


def describe_objects(
    namespace: str, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> list[dict[str, Any]]:
    """All objects of a namespace, with `id`, `name` and `size` in bytes."""
    path = f"{_NAMESPACES}/{_quoted(namespace)}/objects?details=true"
    return Session(base_url, token, account).send_paged(path)


def show_object(
    namespace: str, thing: str, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> dict[str, Any]:
    """What an object holds, in numbers."""
    session = Session(base_url, token, account)
    result: dict[str, Any] = session.send("GET", _path(namespace, thing))["result"]
    return result


def object_entries(
    namespace: str,
    thing: str,
    *,
    base_url: str,
    token: str,
    account: str = DEFAULT_ACCOUNT,
    prefix: str = "",
) -> Iterator[dict[str, Any]]:
    """The keys that begin with `prefix`, with their values, in the order of keys."""
    session = Session(base_url, token, account)
    cursor = ""
    while True:
        query = urllib.parse.urlencode({"prefix": prefix, "limit": 1000, "cursor": cursor})
        page = session.send("GET", f"{_path(namespace, thing)}/keys?{query}")
        yield from page["result"]
        cursor = page["result_info"]["cursor"]
        if not cursor:
            return


def export_object(
    namespace: str,
    thing: str,
    file: Path | str,
    *,
    base_url: str,
    token: str,
    account: str = DEFAULT_ACCOUNT,
) -> None:
    """Write all that an object holds to a SQLite file, in one go or not at all."""
    with whole_file(Path(file)) as content:
        session = Session(base_url, token, account)
        session.download(f"{_path(namespace, thing)}/export", content)


def import_object(
    namespace: str,
    thing: str,
    file: Path | str,
    *,
    base_url: str,
    token: str,
    account: str = DEFAULT_ACCOUNT,
) -> dict[str, Any]:
    """Put an exported file in the place of what an object holds."""
    session = Session(base_url, token, account)
    answer = session.upload("PUT", f"{_path(namespace, thing)}/import", Path(file))
    result: dict[str, Any] = answer["result"]
    return result


def restore_object(
    namespace: str,
    thing: str,
    *,
    base_url: str,
    token: str,
    account: str = DEFAULT_ACCOUNT,
    bookmark: str | None = None,
    time: str | None = None,
) -> dict[str, Any]:
    """Take an object back to a bookmark or a time; `undo` in the result leads forth again."""
    fields = {"bookmark": bookmark, "time": time}
    body = {name: value for name, value in fields.items() if value}
    session = Session(base_url, token, account)
    path = f"{_path(namespace, thing)}/restore"
    result: dict[str, Any] = session.send_json("POST", path, body)
    return result


def delete_object(
    namespace: str, thing: str, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT
) -> None:
    """Remove all that an object holds."""
    Session(base_url, token, account).send("DELETE", _path(namespace, thing))


def back_up(file: Path | str, *, base_url: str, token: str, account: str = DEFAULT_ACCOUNT) -> None:
    """Write a copy of all that the server keeps to a tar file, in one go or not at all."""
    with whole_file(Path(file)) as content:
        Session(base_url, token, account).download("/backup", content)


@contextmanager
def whole_file(file: Path) -> Iterator[BinaryIO]:
    """What is written here becomes the file at the end, unless something fails."""
    if not file.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file.parent))
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    draft = file.with_name(f"{file.name}.part")
    try:
        with draft.open("wb") as content:
            yield content
            content.flush()
            os.fsync(content.fileno())  # a power loss leaves no name without what it is of
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _path(namespace: str, thing: str) -> str:
    return f"{_NAMESPACES}/{_quoted(namespace)}/objects/{_quoted(thing)}"


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")
