"""What an operator may set; docs/command-line.md explains each."""

from dataclasses import field
from pathlib import Path

from holdfast.dataclass import dataclass
from holdfast.engine import Limits
from holdfast.host.constants import MAX_OBJECT_CALLS
from holdfast.host.edge import Edge
from holdfast.host.origins import Origins
from holdfast.storage.cache import DEFAULT_MAX_BYTES
from holdfast.storage.storage import MAX_OBJECT_BYTES


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one shard takes before it refuses more.

    `requests`: that wait for the answer of one script; as many calls to another shard's objects
    may be under way. `object_calls`: that wait for the answer of one object. `connections`: of
    clients, WebSockets included; fewer where the limit on open files is low. `held_bytes`: of
    bodies and messages, on their way to scripts or to clients that do not take them.
    `delay_seconds`: how late a request may come up when more come than are answered; see Backlog.
    """

    requests: int = 10_000
    object_calls: int = MAX_OBJECT_CALLS
    connections: int = 20_000
    held_bytes: int = 268_435_456
    delay_seconds: float = 0.25


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one shard.

    `idle_seconds`: an object unused for so long is evicted from memory.
    `hang_seconds`: a call to an object that waits so long, with nothing under way
    that could answer it, fails. `drain_seconds`: how long a stop waits for what is under way.
    `history_days`: how far back in time objects and D1 databases can go; 0 keeps no past.
    `object_bytes`: how much an object may store whose class has SQL.
    `open_databases`: how many SQLite connections are kept open at most.
    `cache_bytes`: how much the scripts' caches keep on the disk together.
    `allow_private_egress`: whether scripts may fetch loopback and private addresses.
    `trusted_proxies`: addresses, networks and `unix:` whose X-Forwarded-For and X-Forwarded-Proto
    count.
    `smtp`: the URL of a relay for mails of scripts; empty where they become files.
    `edge`: what `request.cf` tells of clients; a header of it counts from trusted proxies alone.
    `origins`: who answers what scripts fetch of the hosts that Workers stand in front of.
    """

    data: Path
    limits: Limits = field(default_factory=Limits)
    bounds: Bounds = field(default_factory=Bounds)
    idle_seconds: float = 10.0
    hang_seconds: float = 30.0
    drain_seconds: float = 30.0
    history_days: float = 30.0
    object_bytes: int = MAX_OBJECT_BYTES
    open_databases: int = 1024
    cache_bytes: int = DEFAULT_MAX_BYTES
    allow_private_egress: bool = False
    trusted_proxies: tuple[str, ...] = ()
    edge: Edge = field(default_factory=Edge)
    smtp: str = field(default="", repr=False)
    origins: Origins = field(default_factory=Origins)
