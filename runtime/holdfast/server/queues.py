"""The queues of a server, as one of its processes reaches them.

Each queue is delivered by one process, the one that `is_here` says. So nothing is given out twice
at the same time, and who takes the place of a process that has died knows that nobody has what it
had. What is sent in other processes is stored there, and the one that delivers it is told.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from holdfast.host.context import Clock, Tell
from holdfast.host.ops import in_thread
from holdfast.server.queue_delivery import TROUBLE_SECONDS, Delivery, Surroundings
from holdfast.storage import StorageError
from holdfast.storage.queue_messages import Backlog, NewMessage, QueueNotFound
from holdfast.storage.queues import Consumer, QueueStore

if TYPE_CHECKING:
    from holdfast.workers.gradual import AnyWorker

log = logging.getLogger("holdfast.queues")

MAX_SENT_AT_ONCE = 256
"""How many sendings share a transaction, and so a sync of the disk."""

_Sending = tuple[str, Sequence[NewMessage], int | None, "asyncio.Future[Backlog]"]


class Queues:
    """Stores what is sent (host.queues.QueueSender), and has it delivered."""

    def __init__(
        self,
        store: QueueStore,
        *,
        worker_of: "Callable[[str], AnyWorker]",
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        tell: Tell,
        is_here: Callable[[str], bool],
        on_news: Callable[[str], None],
        creates: bool,
    ) -> None:
        """`on_news` is told of a queue that another process delivers.

        `creates`: a queue is there as soon as somebody sends to it.
        """
        self.store = store
        self.tasks: set[asyncio.Task[None]] = set()
        self._clock = clock
        self._loop = loop
        self._is_here = is_here
        self._on_news = on_news
        self._creates = creates
        self._around = Surroundings(
            store, worker_of, clock, loop.call_later, tell, self._begin, self.news
        )
        self._deliveries: dict[str, Delivery] = {}
        self._outgoing: list[_Sending] = []
        self._is_sending = False
        # Of what a process before this one had under way; nothing is delivered before that.
        self._is_clear = False
        self._is_clearing = False
        self._closed = False

    # ---- sending -----------------------------------------------------------------------

    async def send(
        self, queue: str, messages: Sequence[NewMessage], delay_s: int | None
    ) -> Backlog:
        """See QueueSender. What is sent at the same time is stored together."""
        answer: asyncio.Future[Backlog] = self._loop.create_future()
        self._outgoing.append((queue, messages, delay_s, answer))
        if not self._is_sending:
            self._is_sending = True
            self._begin(self._send_all())
        return await answer

    async def backlog(self, queue: str) -> Backlog:
        """See QueueSender."""
        backlog: Backlog = await in_thread(self.store.backlog, queue)
        return backlog

    async def _send_all(self) -> None:
        while self._outgoing:
            sendings = self._outgoing[:MAX_SENT_AT_ONCE]
            del self._outgoing[:MAX_SENT_AT_ONCE]
            await self._store(sendings)
        self._is_sending = False

    async def _store(self, sendings: list[_Sending]) -> None:
        told = [sending[:3] for sending in sendings]
        results: list[Backlog | Exception]
        try:
            results = await in_thread(self._send, told, self._clock.now_ms())
        except Exception as error:  # noqa: BLE001 - whoever has sent is told, whatever it is
            results = [error] * len(sendings)
        for (*_, answer), result in zip(sendings, results, strict=True):
            if answer.done():
                continue
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)
        for queue in {queue for queue, *_ in sendings}:
            self.news(queue)

    def _send(
        self, sendings: list[tuple[str, Sequence[NewMessage], int | None]], now_ms: float
    ) -> list[Backlog | QueueNotFound]:
        return self.store.send(sendings, now_ms, creates=self._creates)

    def counts(self) -> dict[str, int]:
        """How many messages each queue holds that is delivered here. Raises StorageError."""
        return {
            queue: count for queue, count in self.store.counts().items() if self._is_here(queue)
        }

    # ---- delivering ----------------------------------------------------------------------

    async def refresh(self) -> None:
        """Deliver to the consumers that are stored. Raises StorageError."""
        queues = await in_thread(self.store.queues)
        consumers = await in_thread(self.store.consumers)
        if not self._closed:
            self.deliver_to(consumers, {queue.name for queue in queues if queue.paused})

    def deliver_to(self, consumers: Iterable[Consumer], paused: Collection[str] = ()) -> None:
        """Deliver to these, and no others; nothing of queues that are paused."""
        wanted = {
            consumer.queue: consumer
            for consumer in consumers
            if consumer.script is not None
            and consumer.queue not in paused
            and self._is_here(consumer.queue)
        }
        for queue in [*self._deliveries]:
            if queue not in wanted:
                self._deliveries.pop(queue).close()
        for queue, consumer in wanted.items():
            delivery = self._deliveries.get(queue)
            if delivery is None:
                self._deliveries[queue] = Delivery(consumer, self._around)
            else:
                delivery.take_over(consumer)
        if self._is_clear:
            self.look()
        elif not self._is_clearing and (self._deliveries or self.store.exists):
            self._is_clearing = True
            self._begin(self._clear())

    async def _clear(self) -> None:
        """What a process had that was here before is to be delivered again."""
        try:
            await in_thread(self.store.release, self._is_here, self._clock.now_ms())
        except StorageError as error:
            log.error("queues are not delivered: %s", error)
            self._loop.call_later(TROUBLE_SECONDS, lambda: self._begin(self._clear()))
            return
        self._is_clear = True
        self.look()

    def look(self) -> None:
        """Anything may have changed, the time too: see what is to be delivered."""
        if self._is_clear:
            for delivery in self._deliveries.values():
                delivery.look()

    def news(self, queue: str) -> None:
        """There are new messages in a queue."""
        if not self._is_here(queue):
            self._on_news(queue)
        elif self._is_clear and (delivery := self._deliveries.get(queue)) is not None:
            delivery.look()

    # ---- the end ---------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """True while something is delivered, settled or stored."""
        return bool(self.tasks) or any(each.is_running for each in self._deliveries.values())

    def pause(self) -> None:
        """Deliver nothing more; settle what is under way."""
        for delivery in self._deliveries.values():
            delivery.close()

    def close(self) -> None:
        """Settle nothing more. What is under way then is delivered again by another process."""
        self._closed = True
        self.pause()
        self._deliveries.clear()

    async def aclose(self) -> None:
        """Let go of the file, when all is stored that is to be. Every Worker has ended."""
        self.close()
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)
        self.store.close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        if self._closed:
            work.close()
            return
        task = self._loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the queues have failed", exc_info=error)
