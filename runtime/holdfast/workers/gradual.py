"""`GradualWorker`: what takes the events of a script of which two versions are deployed.

Each event goes to one of two Workers, which is chosen as it begins; from then on it is that
Worker's alone. A script with one version has none of this: its Worker takes its events itself.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from holdfast.catalog.errors import CatalogError
from holdfast.host.byte_streams import discard_body
from holdfast.host.rpc import Message
from holdfast.workers.counts import ScriptCounts
from holdfast.workers.errors import NotCompiled, WorkerError
from holdfast.workers.trace import Frame
from holdfast.workers.worker import Body, Worker, WorkerResponse

if TYPE_CHECKING:
    from holdfast.storage.queue_messages import Backlog
    from holdfast.storage.queue_messages import Message as QueuedMessage
    from holdfast.workers.mail import IncomingMail

Answer = TypeVar("Answer")


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

        def tell(worker: Worker) -> "asyncio.Future[WorkerResponse]":
            return worker.fetch(method, url, headers, body, entrypoint, props=props, cf=cf)

        return self._give(tell, headers, otherwise=partial(discard_body, body))

    def call(
        self, entrypoint: str, props: str | None, route: str, message: Message | None
    ) -> "asyncio.Future[Message]":
        """See Worker."""
        return self._give(
            lambda worker: worker.call(entrypoint, props, route, message),
            otherwise=None if message is None else message.drop,
        )

    def scheduled(self, cron: str, scheduled_ms: float) -> "asyncio.Future[Message]":
        """See Worker."""
        return self._give(lambda worker: worker.scheduled(cron, scheduled_ms))

    def queue(
        self, queue: str, messages: "Sequence[QueuedMessage]", backlog: "Backlog"
    ) -> "asyncio.Future[Message]":
        """See Worker."""
        return self._give(lambda worker: worker.queue(queue, messages, backlog))

    def tail(
        self,
        frames: Sequence[Frame],
        passed: Sequence[str],
        entrypoint: str = "",
        props: str | None = None,
    ) -> "asyncio.Future[Message]":
        """See Worker."""
        return self._give(lambda worker: worker.tail(frames, passed, entrypoint, props))

    def email(self, mail: "IncomingMail") -> "asyncio.Future[Message]":
        """See Worker."""
        return self._give(lambda worker: worker.email(mail))

    def _give(
        self,
        tell: "Callable[[Worker], asyncio.Future[Answer]]",
        headers: str = "",
        *,
        otherwise: Callable[[], object] | None = None,
    ) -> "asyncio.Future[Answer]":
        """Tell the Worker for an event of it; where that does not load, the answer fails."""
        try:
            worker = self._choose(headers)
        except (WorkerError, CatalogError, NotCompiled) as error:
            if otherwise is not None:
                otherwise()
            answer: asyncio.Future[Answer] = self._loop.create_future()
            answer.set_exception(error)
            return answer
        return tell(worker)


AnyWorker = Worker | GradualWorker
"""What takes a script's events."""
