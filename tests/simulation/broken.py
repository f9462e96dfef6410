"""Holdfast with one promise broken, in turn: what the simulation is to notice."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import apsw

from holdfast.engine import bytecode
from holdfast.host.platform import MAIN, Platform, _with_full_names
from holdfast.objects.alarms import AlarmScheduler
from holdfast.objects.directory import ObjectDirectory
from holdfast.objects.home import ObjectHome
from holdfast.storage import (
    LocalBarrier,
    ObjectStore,
    catching_up,
    journaling,
    lifecycle,
    recovery,
    redo,
)
from holdfast.storage.alarms import AlarmList
from holdfast.storage.session import Session
from tests.simulation.world import replaced, whole_platform


class BrokenPlatform(Platform):
    """The polyfills with something else in one place of each of some files."""

    def __init__(self, changes: dict[str, tuple[str, str]]) -> None:
        super().__init__()
        sources = self._sources()
        for path, (before, after) in changes.items():
            name = f"holdfast:{path}"
            text = sources[name].decode()
            assert text.count(before) == 1, f"{path} does not have it once: {before}"
            sources[name] = text.replace(before, after).encode()
        prepared = {name: _with_full_names(name, text) for name, text in sources.items()}
        library = self._library
        library.modules = bytecode._compile(prepared, MAIN)
        library.bundle = library.modules.pop(bytecode._BUNDLE)


@dataclass(frozen=True)
class Broken:
    """What is broken, and a part of what the simulation says then.

    `seed` is tried first, since it has shown it before.
    """

    what: str
    told: str
    polyfills: dict[str, tuple[str, str]] | None = None
    methods: Callable[[], list[tuple[object, str, Any]]] = list
    seed: int = 0

    @contextmanager
    def in_place(self) -> Iterator[Callable[[], Platform]]:
        """The platform to simulate with, while it is broken."""
        with ExitStack() as stack:
            for owner, name, value in self.methods():
                stack.enter_context(replaced(owner, name, value))
            if self.polyfills is None:
                yield whole_platform
            else:
                platform = BrokenPlatform(self.polyfills)
                yield lambda: platform


def _confirms_at_once(self: LocalBarrier, log: Any, done: Any) -> None:
    """Says that a log is durable, and syncs it afterwards."""
    self._loop.call_soon(done, None)
    self.workers.submit(partial(log.sync, self._fsync), lambda _: None)


def _has_no_transactions() -> list[tuple[object, str, Any]]:
    def nothing(_store: ObjectStore) -> None:
        pass

    def written(store: ObjectStore) -> int:
        return store.written

    return [
        (ObjectStore, "begin", nothing),
        (ObjectStore, "rollback", nothing),
        (ObjectStore, "commit", written),
    ]


def _rollback_commits() -> list[tuple[object, str, Any]]:
    def rollback(store: ObjectStore) -> None:
        store.commit()

    return [(ObjectStore, "rollback", rollback)]


def _forgets_retries() -> list[tuple[object, str, Any]]:
    def retry(_: AlarmScheduler, watched: Any, due: Any, *, counts: bool) -> None:
        watched.list.move(due.object_id, None)

    return [(AlarmScheduler, "_retry", retry)]


def _counts_no_retries() -> list[tuple[object, str, Any]]:
    before = AlarmScheduler._retry

    def retry(self: AlarmScheduler, watched: Any, due: Any, *, counts: bool) -> None:
        before(self, watched, due, counts=False)

    return [(AlarmScheduler, "_retry", retry)]


def _counts_retries_twice() -> list[tuple[object, str, Any]]:
    before = AlarmScheduler._retry

    def retry(self: AlarmScheduler, watched: Any, due: Any, *, counts: bool) -> None:
        before(self, watched, due, counts=counts)
        if counts and due.object_id in watched.failed:
            watched.failed[due.object_id].counted += 1

    return [(AlarmScheduler, "_retry", retry)]


def _arms_too_late() -> list[tuple[object, str, Any]]:
    """The list of alarms is written, but no sync waits for it."""

    def sync(_: AlarmList, _fsync: Any) -> None:
        pass

    return [(AlarmList, "sync", sync)]


def _fences_nobody() -> list[tuple[object, str, Any]]:
    def fence(_: ObjectDirectory, _record: Any, _reason: str) -> None:
        pass

    def close(store: ObjectStore) -> Any:
        closed = store._shard.loop.create_future()
        closed.set_result(None)
        return closed

    def lose_file(_: ObjectStore, _reason: str) -> None:
        pass

    return [
        (ObjectDirectory, "_fence", fence),
        (ObjectStore, "close", close),
        (ObjectStore, "lose_file", lose_file),
    ]


def _tells_of_no_durability() -> list[tuple[object, str, Any]]:
    def durable(_: ObjectHome, _slot: int, _round: int) -> None:
        pass

    return [(ObjectHome, "durable", durable)]


def _keeps_recent_while_it_counts() -> list[tuple[object, str, Any]]:
    """A connection is let go of with what SQLite was not told of."""

    def catch_up(*_: Any) -> None:
        pass

    return [(Session, "lags", property(lambda _: False)), (lifecycle, "catch_up", catch_up)]


def _forgets_what_a_broken_one_had() -> list[tuple[object, str, Any]]:
    def go_on(*_: Any) -> None:
        pass

    return [(catching_up, "go_on_with", go_on)]


def _settles_nothing_on_a_full_disk() -> list[tuple[object, str, Any]]:
    before = Session.settle

    def settle(session: Session) -> None:
        try:
            before(session)
        except apsw.FullError:
            session.recent.settled()
            session.settled += 1

    return [(Session, "settle", settle)]


def _settles_without_a_trace() -> list[tuple[object, str, Any]]:
    """What changes nothing leaves the log as long as it was."""
    before = Session._commit_puts

    def commit_puts(session: Session, values: dict[str, bytes], *, anew: bool = False) -> None:
        if not anew:
            before(session, values)

    return [(Session, "_commit_puts", commit_puts)]


BROKEN = (
    Broken(
        "the output gate lets everything pass",
        "has lost",
        {"objects/output-gate.js": ("return this.isLocked;", "return false;")},
    ),
    Broken(
        "writes are confirmed before they are synced",
        "has lost",
        methods=lambda: [(LocalBarrier, "make_durable", _confirms_at_once)],
    ),
    Broken(
        "what a journal holds is not replayed",
        "has lost",
        methods=lambda: [(recovery, "_replay", lambda _root, _journals: ([], []))],
    ),
    Broken(
        "logs that a full journal has entries of are not synced",
        "has lost",
        methods=lambda: [(journaling._File, "settle", lambda _file, _sync_all: None)],
        seed=4,
    ),
    Broken(
        "what a journal has of keys and values is not redone",
        "has lost",
        methods=lambda: [(redo, "_redo", lambda *_: None)],
        seed=11,
    ),
    Broken(
        "a journal is used anew while SQLite lacks what it has",
        "has lost",
        methods=lambda: [(journaling._File, "find_behind", lambda _file: [])],
        seed=4,
    ),
    Broken(
        "a connection is let go of while its log lags",
        "has lost",
        methods=_keeps_recent_while_it_counts,
    ),
    Broken(
        "what a broken connection had is forgotten",
        "has lost",
        methods=_forgets_what_a_broken_one_had,
        seed=2,
    ),
    Broken(
        "what SQLite has no room for is forgotten",
        "has lost",
        methods=_settles_nothing_on_a_full_disk,
        seed=2,
    ),
    Broken(
        "the log is no longer after what has changed nothing",
        "has lost that its flag is down",
        methods=_settles_without_a_trace,
    ),
    Broken(
        "the input gate admits everything",
        "has lost",
        {"objects/input-gate.js": ("return this.#innermost === null || ", "return true || ")},
        seed=24,
    ),
    Broken(
        "reading takes a turn",
        "has lost",
        {
            "objects/storage.js": (
                "return attempt(operations.get, this.#instance, keys, options);",
                """const found = attempt(operations.get, this.#instance, keys, options);
                   return new Promise((resolve) => setTimeout(resolve, 1)).then(() => found);""",
            )
        },
        seed=4,
    ),
    Broken("transactions are none", "alone", methods=_has_no_transactions, seed=3),
    Broken("what is rolled back is committed", "which was undone", methods=_rollback_commits),
    Broken(
        "a synchronous transaction that throws stays",
        "which was undone",
        {
            "objects/storage.js": (
                "storage_undo(instance.slot);",
                "storage_release(instance.slot);",
            )
        },
    ),
    Broken("an alarm that has failed is forgotten", "has not run", methods=_forgets_retries),
    Broken("failures of alarms are not counted", "has not run", methods=_counts_no_retries),
    Broken("failures of alarms are counted twice", "is told of", methods=_counts_retries_twice),
    Broken(
        "alarms are durable before they are listed", "has not run", methods=_arms_too_late, seed=6
    ),
    Broken(
        "an alarm runs whatever its object has stored",
        "after its deletion",
        {
            "objects/alarms.js": (
                "if (stored === undefined || stored > Date.now()) {",
                "if (false) {",
            )
        },
        lambda: [(AlarmList, "settle", lambda *_: None)],
    ),
    Broken("nobody is fenced off", "a request failed", methods=_fences_nobody),
    Broken("nobody is told of durability", "nothing comes", methods=_tells_of_no_durability),
    Broken(
        "objects are evicted while they are busy",
        "a request failed",
        {
            "objects/residents.js": (
                "if (instance.isBusy || instance.outputGate.isLocked || instance.facetDepth",
                "if (instance.facetDepth",
            )
        },
        seed=2,
    ),
)
