"""`holdfast objects …`: what objects hold, from the command line; by way of the API."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from holdfast.api import client, object_client
from holdfast.cli.console import complain
from holdfast.cli.remote import remotely

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_ID_LENGTH = 64


def list_objects(options: argparse.Namespace) -> int:
    """Print the objects of a namespace with their names and sizes."""

    def ask(connection: dict[str, Any]) -> str:
        found = object_client.describe_objects(_namespace(options, connection), **connection)
        if options.json:
            return json.dumps(found, indent=2, ensure_ascii=False)
        rows = [(thing["id"], _size(thing["size"]), _name(thing["name"])) for thing in found]
        return _table(("id", "size", "name"), rows) if rows else "No object stores anything."

    return remotely(options, ask)


def show(options: argparse.Namespace) -> int:
    """Print what an object holds: in numbers, then its keys and values."""

    def ask(connection: dict[str, Any]) -> str:
        namespace = _namespace(options, connection)
        thing = _thing(options)
        told = object_client.show_object(namespace, thing, **connection)
        entries = object_client.object_entries(
            namespace, thing, prefix=options.prefix, **connection
        )
        if options.json:
            return json.dumps({**told, "entries": [*entries]}, indent=2, ensure_ascii=False)
        return "\n".join(_described(told, entries))

    return remotely(options, ask)


def export(options: argparse.Namespace) -> int:
    """Write an object, or all of a namespace, to SQLite files."""

    def ask(connection: dict[str, Any]) -> str:
        namespace = _namespace(options, connection)
        if options.all:
            return _export_all(namespace, options, connection)
        object_client.export_object(namespace, _thing(options), options.file, **connection)
        return f"{options.object} was written to {options.file}."

    if options.all == (options.object is not None):
        return complain("name either an object or --all")
    return remotely(options, ask)


def _export_all(namespace: str, options: argparse.Namespace, connection: Mapping[str, Any]) -> str:
    options.file.mkdir(parents=True, exist_ok=True)
    found = object_client.describe_objects(namespace, **connection)
    for number, thing in enumerate(found, 1):
        target = options.file / f"{thing['id']}.sqlite"
        object_client.export_object(namespace, thing["id"], target, **connection)
        _progress(number, len(found))
    return f"{len(found)} objects were written to {options.file}."


def import_(options: argparse.Namespace) -> int:
    """Put an exported file, or a folder of them, in the place of what objects hold."""

    def ask(connection: dict[str, Any]) -> str:
        namespace = _namespace(options, connection)
        if not options.all:
            object_client.import_object(namespace, _thing(options), options.file, **connection)
            return f"{options.object} holds what {options.file} does."
        files = sorted(options.file.glob("*.sqlite"))
        for number, file in enumerate(files, 1):
            object_client.import_object(namespace, file.stem, file, **connection)
            _progress(number, len(files))
        return f"{len(files)} objects were taken from {options.file}."

    if options.all == (options.object is not None):
        return complain("name either an object or --all")
    if _may(options, f"replaces what {options.object or 'each of the objects'} holds"):
        return remotely(options, ask)
    return 1


def delete(options: argparse.Namespace) -> int:
    """Remove all that an object holds."""

    def ask(connection: dict[str, Any]) -> str:
        object_client.delete_object(_namespace(options, connection), _thing(options), **connection)
        return f"{options.object} holds nothing any more."

    if _may(options, f"removes all that {options.object} holds"):
        return remotely(options, ask)
    return 1


def restore(options: argparse.Namespace) -> int:
    """Take an object back to an earlier point in time."""

    def ask(connection: dict[str, Any]) -> str:
        went = object_client.restore_object(
            _namespace(options, connection),
            _thing(options),
            bookmark=options.bookmark,
            time=options.time,
            **connection,
        )
        return (
            f"{options.object} is as it was at {went['bookmark']}.\n"
            f"This undoes it: --bookmark {went['undo']}"
        )

    return remotely(options, ask)


def back_up(options: argparse.Namespace) -> int:
    """Write a copy of all that a running server keeps."""

    def ask(connection: dict[str, Any]) -> str:
        if options.file.is_file() and not options.force:
            raise ValueError(f"{options.file} is there already; --force writes over it")
        object_client.back_up(options.file, **connection)
        return f"The backup is {options.file} ({_size(options.file.stat().st_size)})."

    return remotely(options, ask)


# ---- what is meant, and how it is shown ------------------------------------------------


def _namespace(options: argparse.Namespace, connection: dict[str, Any]) -> str:
    """The id of the namespace that was named by its id, its name or its class."""
    wanted = options.namespace
    found = client.list_namespaces(**connection)
    for field in ("id", "name", "class"):
        matches = [namespace for namespace in found if namespace[field] == wanted]
        if len(matches) == 1:
            return str(matches[0]["id"])
        if matches:
            names = ", ".join(namespace["name"] for namespace in matches)
            raise ValueError(f"{wanted!r} is the class of several namespaces: {names}")
    names = ", ".join(namespace["name"] for namespace in found) or "none"
    raise ValueError(f"there is no namespace {wanted!r}; there are: {names}")


def _thing(options: argparse.Namespace) -> str:
    text: str = options.object
    is_id = len(text) == _ID_LENGTH and all(c in "0123456789abcdefABCDEF" for c in text)
    return text if is_id or text.startswith("name:") else f"name:{text}"


def _may(options: argparse.Namespace, what: str) -> bool:
    """Whether it is meant: said by --yes, or when asked."""
    if options.yes:
        return True
    if not sys.stdin.isatty():
        complain(f"this {what}; say --yes if that is meant")
        return False
    return input(f"This {what}. Go on? [y/N] ").strip().lower() in ("y", "yes")


def _described(told: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    yield f"id      {told['id']}"
    if told.get("name") is not None:
        yield f"name    {_name(told['name'])}"
    yield f"size    {_size(told['size'])}"
    yield f"alarm   {told['alarm'] or 'none'}"
    for table, rows in told["tables"].items():
        yield f"table   {table}: {rows} rows"
    for facet, size in told["facets"].items():
        yield f"facet   {_name(facet)}: {_size(size)}"
    yield f"keys    {told['keys']}"
    for entry in entries:
        yield f"  {json.dumps(entry['key'], ensure_ascii=False)}: " + json.dumps(
            entry["value"], ensure_ascii=False
        )


def _name(name: str | None) -> str:
    if name is None:
        return "-"
    return name if name.isprintable() else json.dumps(name)


def _size(size: float) -> str:
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    )


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {of}" + ("\n" if done == of else ""))
        sys.stderr.flush()
