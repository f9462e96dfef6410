"""Isolates that are made ahead, and let go of, on a thread: so a test waits for neither.

Most of the time that a small test takes is the start of its isolate and its end, and both are
QuickJS's alone, which lets go of Python's lock. While one test runs, the thread makes the isolate
of the next. It begins with the second isolate of a kind: whoever needs one only pays for one.
"""

import threading
from collections import deque
from collections.abc import Callable
from functools import cache, partial

from holdfast.engine import Handle, Isolate, Limits
from holdfast.host.platform import Platform
from holdfast.importing import without_collections, without_package

THREAD_NAME = "spare-isolates"
TOOLS = "holdfast:testing/entry.js"
MAX_CLOSED = 4  # isolates that wait to be freed

Kind = tuple[Limits, bool]
Prepared = tuple[Isolate, Handle]


class Spare:
    """An isolate that is being made."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.made: Prepared | None = None
        self.error: BaseException | None = None
        self.ready = threading.Event()

    def make(self, prepare: Callable[[], Prepared]) -> None:
        """Make it, on the thread."""
        try:
            self.made = prepare()
        except BaseException as error:  # noqa: BLE001 - whoever takes the spare gets it
            self.error = error
        self.ready.set()

    def take(self) -> Prepared:
        """The isolate, as soon as it is made."""
        self.ready.wait()
        if self.error is not None:
            raise self.error
        assert self.made is not None, "it is made or has failed"
        return self.made


class SparePlatform(Platform):
    """A platform that keeps one isolate ready, with the entry points for tests in it."""

    main = TOOLS

    def __init__(self) -> None:
        super().__init__()
        self.spare: Spare | None = None
        self._tools: dict[Isolate, Handle] = {}
        self._last_kind: Kind | None = None
        self._makes: deque[Callable[[], None]] = deque()
        self._frees: deque[Callable[[], None]] = deque()
        self._work = threading.Semaphore(0)  # as much of it as there is
        self._thread: threading.Thread | None = None

    def prepare(self, limits: Limits, *, with_node: bool) -> Prepared:
        """See Platform; the one that is ready, where it is of this kind."""
        kind = (limits, with_node)
        make = partial(self._make, limits, with_node=with_node)
        spare, self.spare = self.spare, None
        if spare is not None and spare.kind != kind:
            unused = spare.take()[0]
            self._tools.pop(unused)
            unused.close()
            spare = None
        if kind == self._last_kind:
            self.spare = Spare(kind)
            self._submit(self._makes, partial(self.spare.make, make))
        self._last_kind = kind
        isolate, kernel = make() if spare is None else spare.take()
        isolate.frees = self._free
        return isolate, kernel

    def take_tools(self, isolate: Isolate) -> Handle:
        """The namespace of polyfills/testing/entry.js in an isolate that was made here, once."""
        return self._tools.pop(isolate)

    def _make(self, limits: Limits, *, with_node: bool) -> Prepared:
        isolate, tools = super().prepare(limits, with_node=with_node)
        self._tools[isolate] = tools
        return isolate, isolate.export(tools, "kernel")

    def _free(self, free: Callable[[], None]) -> None:
        """Free an isolate that is closed: on the thread, unless that is far behind."""
        if self.spare is not None and len(self._frees) < MAX_CLOSED:
            self._submit(self._frees, free)
        else:
            free()

    def _submit(self, kind: deque[Callable[[], None]], work: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
            self._thread.start()
        kind.append(work)
        self._work.release()

    def _run(self) -> None:
        """An isolate that is closed can wait for a moment in which none is to be made."""
        while True:
            self._work.acquire()
            (self._makes or self._frees).popleft()()


@cache
def platform() -> SparePlatform:
    """The compiled polyfills; one per process."""
    with without_collections(), without_package("aiohttp"):
        return SparePlatform()
