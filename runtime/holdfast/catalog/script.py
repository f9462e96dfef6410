"""`Script`: what a Worker is, as every layer above sees it."""

import hashlib
import re
import uuid
from dataclasses import field, replace
from datetime import UTC, datetime
from enum import StrEnum

from holdfast.assets.site import Assets
from holdfast.catalog.bindings import Binding
from holdfast.catalog.errors import ErrorCode, UploadRejected
from holdfast.dataclass import dataclass
from holdfast.engine.modules import Module

# A script's name becomes a label of a host name (RFC 1035: 63 octets at most).
MAX_SCRIPT_NAME_LENGTH = 63
_SCRIPT_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]*")

TAG = "workers/tag"
"""The annotation that is a version's tag."""


class Syntax(StrEnum):
    """How a script registers its handlers.

    https://developers.cloudflare.com/workers/reference/migrate-to-module-workers/
    """

    MODULES = "modules"
    SERVICE_WORKER = "service-worker"


def iso_time(moment: datetime) -> str:
    """A moment as the API tells it: ISO 8601 in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _now() -> str:
    return iso_time(datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Script:
    """One version of a Worker: its modules and what they are bound to.

    `main` is the name of the module that runs first. `version` identifies this
    version; two uploads of the same text are two versions, and are equal. One that has `assets`
    may be without modules, and without `main`. `tag` is what its author calls the
    version, `created_on` when it was made: ISO 8601 in UTC. A turn may take `cpu_ms` milliseconds
    of CPU time, where that is said and less than what any may. One that `is_preview` is called by
    the label of its URL.
    """

    name: str
    main: str
    syntax: Syntax
    modules: tuple[Module, ...]
    bindings: tuple[Binding, ...]
    compatibility_date: str | None
    compatibility_flags: tuple[str, ...]
    version: str = field(compare=False)
    assets: Assets | None = None
    tag: str = ""
    created_on: str = field(default_factory=_now, compare=False)
    cpu_ms: int | None = None
    is_preview: bool = False

    @property
    def main_module(self) -> Module:
        """The module that `main` names."""
        for module in self.modules:
            if module.name == self.main:
                return module
        raise AssertionError(f"the main module {self.main!r} is not among the script's modules")

    @property
    def etag(self) -> str:
        """A hash of the script's content, equal for equal uploads: 64 hex digits."""
        digest = hashlib.sha256()
        for text in (self.syntax, self.main):
            digest.update(_framed(text.encode()))
        for module in sorted(self.modules, key=lambda module: module.name):
            for part in (module.name.encode(), module.kind.encode(), module.content):
                digest.update(_framed(part))
        if self.assets is not None:
            digest.update(_framed(repr(self.assets).encode()))
        return digest.hexdigest()


def as_new_version(script: Script, bindings: tuple[Binding, ...]) -> Script:
    """The same script with other bindings, as a version of its own."""
    version = new_version()
    return replace(script, bindings=bindings, version=version, tag="", created_on=_now())


def new_version() -> str:
    """An id for a version."""
    return str(uuid.uuid4())


def check_script_name(name: str) -> None:
    """Raise UploadRejected unless `name` can be a Worker's name and a host name's label."""
    if len(name) <= MAX_SCRIPT_NAME_LENGTH and _SCRIPT_NAME.fullmatch(name):
        return
    raise UploadRejected(
        ErrorCode.INVALID_SCRIPT_NAME,
        f"{name[:80]!r} is not a valid Worker name. Use up to {MAX_SCRIPT_NAME_LENGTH} lowercase "
        "letters, digits, dashes and underscores, and do not begin with a dash.",
    )


def _framed(part: bytes) -> bytes:
    """`part` with its length in front, so that no two lists of parts hash alike."""
    return len(part).to_bytes(8, "big") + part
