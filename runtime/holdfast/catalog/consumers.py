"""How a queue is consumed: in what batches, how often again, and when.

https://developers.cloudflare.com/queues/configuration/configure-queues/#consumer-worker-configuration
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from holdfast.catalog.bindings import MAX_QUEUE_DELAY_S
from holdfast.catalog.errors import UploadRejected, rejected
from holdfast.catalog.json_values import is_whole
from holdfast.dataclass import dataclass

if TYPE_CHECKING:
    from holdfast.storage.queues import Consumer

DEFAULT_CONCURRENCY = 10
"""How many batches are under way at a time where nobody says how many may be."""

# Of each setting, by the name that the API gives it: the least and the most.
_BOUNDS = {
    "batch_size": (1, 100),
    "max_retries": (0, 100),
    "max_wait_time_ms": (0, 60_000),
    "max_concurrency": (1, 250),
    "retry_delay": (0, MAX_QUEUE_DELAY_S),
    "visibility_timeout_ms": (1_000, 12 * 3_600_000),
}


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """What the API calls `settings`.

    `max_wait_time_ms` is for how long a message waits for others; `retry_delay` is in seconds.
    """

    batch_size: int = 10
    max_retries: int = 3
    max_wait_time_ms: int = 5_000
    max_concurrency: int | None = None
    retry_delay: int = 0
    visibility_timeout_ms: int = 30_000

    @classmethod
    def parse(cls, fields: object) -> Self:
        """Settings of which some may be missing, or null. Raises UploadRejected."""
        if not isinstance(fields, Mapping):
            raise rejected('A consumer\'s "settings" must be an object')
        return cls(**{name: setting(name, fields.get(name)) for name in _BOUNDS})

    def written(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Self:
        """Of what was `written`."""
        return cls(**json.loads(text))


_UNSAID = ConsumerSettings()


def setting(name: str, value: Any, told_as: str | None = None) -> Any:
    """The value of a setting where one may be missing. Raises UploadRejected, by `told_as`."""
    least, most = _BOUNDS[name]
    if value is None:
        return getattr(_UNSAID, name)
    if not is_whole(value, least, most):
        raise _out_of_range(told_as or name, least, most)
    return value


def _out_of_range(name: str, least: int, most: int) -> UploadRejected:
    return rejected(f'"{name}" must be a whole number from {least:,} to {most:,}')


@dataclass(frozen=True, slots=True)
class DeclaredConsumer:
    """A consumer as a project's configuration declares it: the project's own script."""

    queue: str
    settings: ConsumerSettings
    dead_letter_queue: str | None = None

    def by(self, script: str) -> "Consumer":
        """The consumer, where there is no API that would have made it."""
        from holdfast.storage.queues import Consumer

        settings = self.settings.written()
        return Consumer(self.queue, self.queue, script, settings, self.dead_letter_queue, 0)


# What a configuration calls a setting.
_DECLARED = {
    "max_batch_size": "batch_size",
    "max_retries": "max_retries",
    "max_batch_timeout": "max_wait_time_ms",
    "max_concurrency": "max_concurrency",
    "retry_delay": "retry_delay",
    "visibility_timeout_ms": "visibility_timeout_ms",
}
_SECONDS = ("max_batch_timeout",)  # of these, where the API has milliseconds


def declared_consumers(tables: Sequence[Mapping[str, Any]]) -> Iterator[DeclaredConsumer]:
    """The consumers of `queues.consumers`, but for those who pull. Raises UploadRejected.

    https://developers.cloudflare.com/workers/wrangler/configuration/#queues
    """
    seen: set[str] = set()
    for table in tables:
        queue, letters = table.get("queue"), table.get("dead_letter_queue")
        if not isinstance(queue, str) or not queue:
            raise rejected('must have "queue" in each, the name of what is consumed')
        if letters is not None and not isinstance(letters, str):
            raise rejected('has a "dead_letter_queue" that is no name')
        if queue in seen:
            raise rejected(f'consumes "{queue}" twice')
        seen.add(queue)
        if table.get("type", "worker") == "worker":
            yield DeclaredConsumer(queue, _declared_settings(table), letters or None)


def _declared_settings(table: Mapping[str, Any]) -> ConsumerSettings:
    fields = {}
    for theirs, ours in _DECLARED.items():
        value = table.get(theirs)
        if theirs in _SECONDS and value is not None:
            most = _BOUNDS[ours][1] // 1000
            if not (_is_number(value) and 0 <= value <= most):
                raise _out_of_range(theirs, 0, most)
            value = round(value * 1000)
        fields[ours] = setting(ours, value, theirs)
    return ConsumerSettings(**fields)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
