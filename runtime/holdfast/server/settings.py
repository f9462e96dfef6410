"""What an operator may set; docs/command-line.md explains each."""

from dataclasses import dataclass, field
from pathlib import Path

from holdfast.engine import Limits
from holdfast.storage.cache import DEFAULT_MAX_BYTES


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one shard.

    `idle_seconds`: an object unused for so long is evicted from memory.
    `hang_seconds`: a call to an object that waits so long, with nothing under way
    that could answer it, fails. `drain_seconds`: how long a stop waits for requests.
    `history_days`: how far back objects can go that ask for bookmarks.
    `open_databases`: how many SQLite connections are kept open at most.
    `cache_bytes`: how much the scripts' caches keep on the disk together.
    `allow_private_egress`: whether scripts may fetch loopback and private addresses.
    """

    data: Path
    limits: Limits = field(default_factory=Limits)
    idle_seconds: float = 10.0
    hang_seconds: float = 30.0
    drain_seconds: float = 30.0
    history_days: float = 30.0
    open_databases: int = 1024
    cache_bytes: int = DEFAULT_MAX_BYTES
    allow_private_egress: bool = False
