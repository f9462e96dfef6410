"""What scripts are bound to besides objects: KV namespaces, R2 buckets, D1 databases, queues, mail.

Each is opened when somebody first asks for it: a server of scripts that have none loads nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.host.context import Clock, Tell
from holdfast.host.mail import Outlet
from holdfast.server.data_folder import BUCKETS, KEY_VALUE, QUEUES
from holdfast.server.settings import Settings
from holdfast.storage import StorageError
from holdfast.storage.key_value import KeyValueStore

if TYPE_CHECKING:
    from holdfast.server.queues import Queues
    from holdfast.storage.d1 import D1Databases
    from holdfast.storage.r2 import Buckets
    from holdfast.workers.gradual import AnyWorker

log = logging.getLogger("holdfast.server")


class Resources:
    """The resources of one shard. On the loop's thread."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        tell: Tell,
        make_outlet: Callable[[], Outlet],
        worker_of: "Callable[[str], AnyWorker]",
        is_here: Callable[[str], bool],
        creates_queues: bool,
    ) -> None:
        """Mails leave by `make_outlet()`. Queues that are `is_here` go to a `worker_of`."""
        self.key_value = KeyValueStore(settings.data / KEY_VALUE)
        # Told of messages in a queue that another shard delivers.
        self.on_queue_news: Callable[[str], None] = _nobody
        self._settings = settings
        self._clock = clock
        self._loop = loop
        self._tell = tell
        self._make_outlet = make_outlet
        self._worker_of = worker_of
        self._is_here = is_here
        self._creates_queues = creates_queues
        self._buckets: Buckets | None = None  # until somebody has any
        self._d1: D1Databases | None = None  # the same
        self._mail: Outlet | None = None  # the same
        self._queues: Queues | None = None  # the same

    @property
    def buckets(self) -> "Buckets":
        """The R2 buckets."""
        if self._buckets is None:
            from holdfast.storage.r2 import Buckets

            self._buckets = Buckets(self._settings.data / BUCKETS, self._clock.now_ms)
        return self._buckets

    @property
    def d1(self) -> "D1Databases":
        """The D1 databases."""
        if self._d1 is None:
            from holdfast.storage.d1 import D1Databases, Pasts

            pasts = Pasts(self._settings.history_days)
            self._d1 = D1Databases(self._settings.data, pasts=pasts)
        return self._d1

    @property
    def d1_in_use(self) -> "D1Databases | None":
        """The same; None where nobody has asked for any."""
        return self._d1

    @property
    def mail(self) -> Outlet:
        """Where mails of scripts go."""
        if self._mail is None:
            self._mail = self._make_outlet()
        return self._mail

    # ---- queues --------------------------------------------------------------------

    @property
    def queues(self) -> "Queues":
        """The queues."""
        if self._queues is None:
            from holdfast.server.queues import Queues
            from holdfast.storage.queues import QueueStore

            self._queues = Queues(
                QueueStore(self._settings.data / QUEUES),
                worker_of=self._worker_of,
                clock=self._clock,
                loop=self._loop,
                tell=self._tell,
                is_here=self._is_here,
                on_news=lambda queue: self.on_queue_news(queue),
                creates=self._creates_queues,
            )
        return self._queues

    async def start_queues(self) -> None:
        """Deliver the queues that are stored, if there are any."""
        if self._queues is None and not (self._settings.data / QUEUES).exists():
            return
        try:
            await self.queues.refresh()
        except StorageError as error:
            log.error("queues are not delivered: %s", error)

    def queued(self) -> dict[str, int]:
        """How many messages each queue holds that is delivered here. Blocks."""
        try:
            return {} if self._queues is None else self._queues.counts()
        except StorageError as error:
            log.warning("queues are not counted: %s", error)
            return {}

    def look_at_queues(self) -> None:
        """The clock was set, or a script: see what is to be delivered, where there are queues."""
        if self._queues is not None:
            self._queues.look()

    @property
    def tasks(self) -> "set[asyncio.Task[None]]":
        """What is under way for queues."""
        return set() if self._queues is None else self._queues.tasks

    @property
    def is_busy(self) -> bool:
        """True while messages are delivered, settled or stored."""
        return self._queues is not None and self._queues.is_busy

    # ---- the end -------------------------------------------------------------------

    def pause(self) -> None:
        """Begin no event any more; settle what is under way."""
        if self._queues is not None:
            self._queues.pause()

    def close(self) -> None:
        """Settle nothing more: the Workers are about to end."""
        if self._queues is not None:
            self._queues.close()

    async def aclose(self) -> None:
        """Let go of all files, when all is stored that is to be. Every Worker has ended."""
        self.key_value.close()
        if self._d1 is not None:
            await asyncio.to_thread(self._d1.close)
        if self._queues is not None:
            await self._queues.aclose()
        if self._buckets is not None:
            await asyncio.to_thread(self._buckets.close)


def _nobody(_queue: str) -> None:
    """There is no other shard."""
