"""`GradualWorker`: what takes the events of a script of which two versions are deployed.

Each event goes to one of two Workers, which is chosen as it begins; from then on it is that
Worker's alone. A script with one version has none of this: its Worker takes its events itself.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from holdfast.catalog.errors import CatalogError
from holdfast.host.rpc import Message
from holdfast.workers.counts import ScriptCounts
from holdfast.workers.errors import NotCompiled, WorkerError
from holdfast.workers.trace import Frame
from holdfast.workers.worker import Body, Worker, WorkerResponse

if TYPE_CHECKING:
    from holdfast.storage.queue_messages import Backlog
    from holdfast.storage.queue_messages import Message as QueuedMessage
    from holdfast.workers.mail import IncomingMail


class GradualWorker:
    """Takes events as a Worker does, and gives each to the Worker that is chosen for it."""

    def __init__(
        self,
        counts: ScriptCounts,
        loop: asyncio.AbstractEventLoop,
        choose: Callable[[str], Worker],
        loaded: Callable[[], Iterable[Worker]],
    ) -> None:
        """`choose(headers)` finds, or loads, a Worker; `loaded` are those that may have events.

        Headers are names and values, one a line: none where the event is no request.
        """
        self.counts = counts
        self._loop = loop
        self._choose = choose
        self._loaded = loaded

    @property
    def unanswered(self) -> int:
        """How many events wait for the script's answer."""
        return sum(worker.unanswered for worker in self._loaded())

    def whose(self, answer: "asyncio.Future[Any]") -> Worker | None:
        """The Worker whose event this is to be the answer to; None if it is answered."""
        found = (worker for worker in self._loaded() if worker.number_of(answer) is not None)
        return next(found, None)

    def fetch(
        self,
        method: str,
        url: str,
        headers: str,
        body: Body,
        entrypoint: str = "",
        *,
        props: str | None = None,
        cf: str | None = None,
    ) -> "asyncio.Future[WorkerResponse]":
        """See Worker. Of what a Worker that does not load was to answer, the future fails."""
        worker = self._take(headers)
        if isinstance(worker, Worker):
            return worker.fetch(method, url, headers, body, entrypoint, props=props, cf=cf)
        if body is not None and not isinstance(body, bytes):
            body.cancel()
        return worker

    def call(
        self, entrypoint: str, props: str | None, route: str, message: Message | None
    ) -> "asyncio.Future[Message]":
        """See Worker."""
        worker = self._take()
        if isinstance(worker, Worker):
            return worker.call(entrypoint, props, route, message)
        if message is not None:
            message.drop()
        return worker

    def scheduled(self, cron: str, scheduled_ms: float) -> "asyncio.Future[Message]":
        """See Worker."""
        worker = self._take()
        return worker.scheduled(cron, scheduled_ms) if isinstance(worker, Worker) else worker

    def queue(
        self, queue: str, messages: "Sequence[QueuedMessage]", backlog: "Backlog"
    ) -> "asyncio.Future[Message]":
        """See Worker."""
        worker = self._take()
        return worker.queue(queue, messages, backlog) if isinstance(worker, Worker) else worker

    def tail(
        self,
        frames: Sequence[Frame],
        passed: Sequence[str],
        entrypoint: str = "",
        props: str | None = None,
    ) -> "asyncio.Future[Message]":
        """See Worker."""
        worker = self._take()
        if isinstance(worker, Worker):
            return worker.tail(frames, passed, entrypoint, props)
        return worker

    def email(self, mail: "IncomingMail") -> "asyncio.Future[Message]":
        """See Worker."""
        worker = self._take()
        return worker.email(mail) if isinstance(worker, Worker) else worker

    def _take(self, headers: str = "") -> "Worker | asyncio.Future[Any]":
        """The Worker for an event, or the answer that it has where that does not load."""
        try:
            return self._choose(headers)
        except (WorkerError, CatalogError, NotCompiled) as error:
            answer: asyncio.Future[Any] = self._loop.create_future()
            answer.set_exception(error)
            return answer


AnyWorker = Worker | GradualWorker
"""What takes a script's events."""
