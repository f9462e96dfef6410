"""Delivers the messages of one queue to the script that consumes it.

A batch is due when it is full, or when its first message has waited long enough for others; several
may be under way. What the handler has not acknowledged is delivered again, as often as the consumer
wants, and is a dead letter, or dropped, after that.

https://developers.cloudflare.com/queues/configuration/batching-retries/
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from holdfast.catalog import ScriptNotFound
from holdfast.catalog.consumers import DEFAULT_CONCURRENCY, ConsumerSettings
from holdfast.dataclass import dataclass
from holdfast.host.context import Clock, Tell
from holdfast.host.ops import in_thread
from holdfast.host.timers import CallLater
from holdfast.storage import StorageError
from holdfast.storage.queue_messages import Terms
from holdfast.storage.queues import Batch, Consumer, QueueStore
from holdfast.workers import NotCompiled, WorkerError
from holdfast.workers.batches import Outcome, outcome_of

if TYPE_CHECKING:
    from holdfast.workers.gradual import AnyWorker

log = logging.getLogger("holdfast.queues")

TROUBLE_SECONDS = 10.0  # until what failed for no message's fault is tried again
MAX_WAIT_SECONDS = 3600.0  # clocks are set, and machines sleep


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What deliveries need of the process that they are in."""

    store: QueueStore
    worker_of: "Callable[[str], AnyWorker]"  # finds or loads it; raises NotCompiled
    clock: Clock
    call_later: CallLater
    tell: Tell
    begin: Callable[[Coroutine[Any, Any, None]], None]  # has a task run
    news: Callable[[str], None]  # there are messages in a queue


class Delivery:
    """The delivery of one queue. `start` it, and tell it of news by `look`."""

    def __init__(self, consumer: Consumer, surroundings: Surroundings) -> None:
        """`consumer` is a script."""
        self._around = surroundings
        self._running = 0
        self._is_looking = False
        self._is_news = False
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self.take_over(consumer)

    def take_over(self, consumer: Consumer) -> None:
        """Deliver to this consumer from now on."""
        assert consumer.script is not None, "those who pull are delivered nothing"
        self._script = consumer.script
        self._queue = consumer.queue
        self._settings = ConsumerSettings.read(consumer.settings)
        self._terms = Terms(self._settings.max_retries, consumer.dead_letter_queue)

    @property
    def is_running(self) -> bool:
        """True while a handler has a batch that is not being settled yet."""
        return self._running > 0

    def close(self) -> None:
        """Deliver nothing more. What is under way is settled all the same."""
        self._closed = True
        self._stop_timer()

    def look(self) -> None:
        """There may be something to deliver."""
        if self._is_looking:
            self._is_news = True
        elif not self._closed:
            self._is_looking = True
            self._stop_timer()
            self._around.begin(self._look())

    async def _look(self) -> None:
        wait_s: float | None = None
        try:
            while not self._closed:
                self._is_news = False
                wait_s = await self._deliver_next()
                if wait_s != 0 and not self._is_news:
                    break
        except NotCompiled as late:
            late.done.add_done_callback(lambda _: self.look())
        except (WorkerError, ScriptNotFound) as error:
            text = "the queue %s is not delivered to %s: %s"
            log.error(text, self._queue, self._script, error, extra={"script": self._script})
            wait_s = TROUBLE_SECONDS
        except StorageError as error:
            log.error("the queue %s is not delivered: %s", self._queue, error)
            wait_s = TROUBLE_SECONDS
        finally:
            self._is_looking = False
        if wait_s is not None and not self._closed:
            self._timer = self._around.call_later(min(wait_s, MAX_WAIT_SECONDS), self.look)

    async def _deliver_next(self) -> float | None:
        """Deliver a batch that is due; in how many seconds to look for the next, if ever."""
        settings, around = self._settings, self._around
        if self._running >= (settings.max_concurrency or DEFAULT_CONCURRENCY):
            return None  # the end of one looks again
        wait_ms = settings.max_wait_time_ms
        due_ms: int | None = await in_thread(
            around.store.due_ms, self._queue, settings.batch_size, wait_ms
        )
        if due_ms is None:
            return None
        now_ms = around.clock.now_ms()
        if due_ms > now_ms:
            return (due_ms - now_ms) / 1000
        worker = around.worker_of(self._script)  # before messages are counted as delivered to it
        batch = await in_thread(
            around.store.take, self._queue, settings.batch_size, self._terms, now_ms
        )
        self._tell_of_buried(batch.buried)
        if batch.messages:
            self._deliver(batch, worker)
        return 0

    def _deliver(self, batch: Batch, worker: "AnyWorker") -> None:
        """Give a batch to the script's Worker, which was `worker` a moment ago."""
        with suppress(WorkerError, ScriptNotFound, NotCompiled):  # which then fails the batch
            worker = self._around.worker_of(self._script)
        answer = worker.queue(self._queue, batch.messages, batch.backlog)
        self._running += 1
        answer.add_done_callback(lambda done: self._ended(batch, outcome_of(done)))

    def _ended(self, batch: Batch, outcome: Outcome) -> None:
        self._running -= 1
        delays = [
            outcome.delay_of(place, self._settings.retry_delay)
            for place in range(len(batch.messages))
        ]
        acked = delays.count(None)
        text = "the queue %s: %d of %d messages are done"
        extra = {"script": self._script}
        log.info(text, self._queue, acked, len(delays), extra=extra)
        if outcome.error is not None:
            told = f"Uncaught (in the queue {self._queue}) {outcome.error}"
            self._around.tell(self._script, "error", told)
        self._around.begin(self._settle(batch, delays))

    async def _settle(self, batch: Batch, delays: list[int | None]) -> None:
        numbers = [message.number for message in batch.messages]
        told = [*zip(numbers, delays, strict=True)]
        done = [number for number, delay in told if delay is None]
        retried = [(number, delay) for number, delay in told if delay is not None]
        now_ms = self._around.clock.now_ms()
        try:
            buried = await in_thread(self._around.store.settle, done, retried, self._terms, now_ms)
        except StorageError as error:
            log.error("a batch of the queue %s is not settled yet: %s", self._queue, error)
            again = lambda: self._around.begin(self._settle(batch, delays))  # noqa: E731
            self._around.call_later(TROUBLE_SECONDS, again)
            return
        self._tell_of_buried(buried)
        self._around.news(self._queue)  # which another delivery may have by now

    def _tell_of_buried(self, count: int) -> None:
        if not count:
            return
        letters = self._terms.dead_letter_queue
        what = "dropped" if letters is None else f"moved to the queue {letters}"
        text = "%d messages of the queue %s have failed too often, and are %s"
        log.warning(text, count, self._queue, what, extra={"script": self._script})
        if letters is not None:
            self._around.news(letters)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
