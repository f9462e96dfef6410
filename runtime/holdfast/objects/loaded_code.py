"""What a Worker is made of that a script loads, and where its isolate lives (loaders.py)."""

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from holdfast.catalog.script import Script
from holdfast.dataclass import dataclass
from holdfast.host.rpc import Message, Sent
from holdfast.objects.home import ObjectHome
from holdfast.workers import Worker, WorkerError

if TYPE_CHECKING:
    from holdfast.objects.capability import WorkerFinder

INHERITED, NONE = "inherited", "none"


@dataclass(frozen=True, slots=True)
class LoadedCode:
    """What a Worker is made of that the script `loader` loads.

    `outbound` is where its global fetch() goes: INHERITED, NONE, or a service or an object.
    """

    loader: str
    script: Script = field(repr=False)
    env: Message = field(repr=False)
    outbound: "str | Sent"
    tails: tuple[Sent, ...] = ()
    sub_requests: int | None = None  # that each of its events may make


class Live(Protocol):
    """The isolate of a Worker that is loaded."""

    @property
    def worker(self) -> Worker:
        """See Resident."""

    @property
    def home(self) -> ObjectHome:
        """See Resident."""


class Shelter(Protocol):
    """Where isolates of such Workers live."""

    async def compile(self, script: Script) -> object:
        """Compile what takes time of it; who holds on to the result brings it up at once."""

    def bring_up(
        self, code: LoadedCode, worker_of: "WorkerFinder", on_end: Callable[[], None]
    ) -> Live:
        """Load it, which finds scripts by `worker_of`. Raises WorkerError.

        `on_end` is called once it takes no events any more.
        """

    def used(self, live: Live) -> None:
        """It is about to be called."""

    def let_go(self, live: Live) -> None:
        """Nobody will get it any more: it ends when nothing of it is under way, or held."""

    def end(self, live: Live) -> None:
        """Who has loaded it has ended: it has half a minute for what is under way."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a Worker cannot be called, as rpc_throw tells it."""

    name: str
    message: str
    flags: str = ""
    data: bytes | None = None


class LoadFailed(Exception):
    """A Worker cannot be called that a script has loaded."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class TooManyLoaded(WorkerError):
    """No more Workers may be loaded before some of those that are end."""
