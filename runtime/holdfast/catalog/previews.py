"""Versions that have URLs of their own: the label of a host name tells which one is meant.

It is what a version's id begins with, or its alias, then a dash and the script's name. An alias is
an annotation of versions: of those that have the same one, it means the newest.
https://developers.cloudflare.com/workers/versions-and-deployments/version-urls/
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

import apsw

from holdfast.catalog.bindings import Service
from holdfast.catalog.errors import rejected
from holdfast.catalog.namespace import Namespace
from holdfast.catalog.script import MAX_SCRIPT_NAME_LENGTH, Script
from holdfast.catalog.scripts import ScriptRecord
from holdfast.catalog.workflows import is_workflow

ALIAS = "workers/alias"
"""The annotation that is a version's alias."""

PREVIEWS_ENABLED = "previews_enabled"
"""The setting of a script that says whether its versions have URLs: unless it is false."""

_ALIAS = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_PREFIX = re.compile(r"[0-9a-f]{8}")

_OF_PREFIX = "substr(id, 1, 9) = ?2 || '-'"
_OF_ALIAS = f"json_extract(annotations, '$.\"{ALIAS}\"') = ?2"
_NEWEST = "SELECT id FROM versions WHERE script = ?1 AND {} ORDER BY number DESC LIMIT 1"


def find(db: apsw.Connection, label: str) -> tuple[str, str] | None:
    """The script and the version that a label may mean, if there is any.

    Where it may be read in several ways, the one with the longest name of a script counts.
    """
    for alias, script in _readings(label):
        row = db.execute("SELECT settings FROM scripts WHERE name = ?", (script,)).fetchone()
        if row is None or json.loads(str(row[0])).get(PREVIEWS_ENABLED) is False:
            continue
        for condition in (_OF_PREFIX, _OF_ALIAS) if _PREFIX.fullmatch(alias) else (_OF_ALIAS,):
            found = db.execute(_NEWEST.format(condition), (script, alias)).fetchone()
            if found is not None:
                return script, str(found[0])
    return None


def _readings(label: str) -> Iterator[tuple[str, str]]:
    for place, letter in enumerate(label):
        if letter == "-":
            yield label[:place], label[place + 1 :]


def has_preview(record: ScriptRecord, namespaces: Iterable[Namespace]) -> bool:
    """Whether a version may have URLs; not where it has the class of one of these namespaces.

    Its objects live in the version that is deployed, and in no other.
    """
    classes = {one.class_name for one in namespaces if not is_workflow(one)}
    return classes.isdisjoint(record.classes)


def as_preview(script: Script, label: str) -> Script:
    """A version as a script of its own, called by the label; its own service is itself."""
    bindings = (
        replace(binding, service=label)
        if isinstance(binding, Service) and binding.service == script.name
        else binding
        for binding in script.bindings
    )
    return replace(script, name=label, bindings=tuple(bindings), is_preview=True)


def check_alias(alias: str, script: str, scripts: Collection[str]) -> None:
    """Raise UploadRejected for what no version of this script may be called in a URL.

    `scripts` are those that there are; what is called as one leads to it.
    """
    if not _ALIAS.fullmatch(alias):
        raise rejected(
            f'"{alias}" is no alias of a version: it has lowercase letters, digits and dashes, '
            "begins with a letter and does not end with a dash."
        )
    label = f"{alias}-{script}"
    if label in scripts:
        raise rejected(f'There is a Worker named "{label}": the alias would lead to it.')
    if len(label) > MAX_SCRIPT_NAME_LENGTH:
        raise rejected(
            f'The alias is too long: "{label}" would be a label of a host name, which has up to '
            f"{MAX_SCRIPT_NAME_LENGTH} characters."
        )
