"""Where a serving process stands: alone, or as one of several shards (`--workers N`).

What differs between the two is asked of its `Post`: `Alone`, or `Shard` of shard.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any, Protocol

from holdfast.cli.process import ENDING
from holdfast.cli.terminal import Terminal
from holdfast.objects import Placement
from holdfast.server import Runtime
from holdfast.server.data_folder import DataFolder
from holdfast.server.listening import Address, open_address, port_of

if TYPE_CHECKING:
    from holdfast.server.shards.balance import Balance


class Server(Protocol):
    """What listens: for clients, or for the API's."""

    async def start_on(
        self,
        listeners: Sequence[socket],
        on_request: Callable[[], None] | None = None,
        balance: "Balance | None" = None,
    ) -> None:
        """Take what connects to sockets, here or in other shards."""


class Post(ABC):
    """One process among those that serve."""

    placement: Placement | None = None
    is_first = True  # it does what is to be done once
    is_new = True  # and not in the place of one that has died
    restarts: Sequence[float] = ()  # how often each process had to be started again

    @abstractmethod
    def claim(self, data: Path) -> AbstractContextManager[object]:
        """Have the data folder while the context lasts. Raises OSError."""

    @abstractmethod
    async def join(self, runtime: Runtime) -> None:
        """Take part in what the other processes do; before the first event."""

    @abstractmethod
    async def tell_others(self, verb: str, *arguments: Any) -> None:
        """Have the other processes do something (server/shards/errands.py)."""

    @abstractmethod
    async def ask_others(self, verb: str) -> dict[int, Any]:
        """What the other processes say to this, by place; without those that do not answer."""

    @abstractmethod
    async def listen(self, server: Server, address: Address) -> int:
        """Have a server listen at an address; the port, if there is one. Raises CannotListen."""

    @abstractmethod
    def ready(self) -> None:
        """Events are taken."""

    @abstractmethod
    def ending(self, terminal: Terminal) -> None:
        """We were asked to stop."""

    @abstractmethod
    async def drained(self) -> None:
        """No client is left here; return when none is left anywhere."""


class Alone(Post):
    """The only process."""

    def __init__(self, opened: ExitStack) -> None:
        """What is opened to listen is closed with `opened`; servers keep theirs as they need it."""
        self._opened = opened

    def claim(self, data: Path) -> AbstractContextManager[object]:
        """See Post."""
        return DataFolder(data)

    async def join(self, runtime: Runtime) -> None:
        """See Post."""

    async def tell_others(self, verb: str, *arguments: Any) -> None:
        """See Post. There are none."""

    async def ask_others(self, _verb: str) -> dict[int, Any]:
        """See Post. There are none."""
        return {}

    async def listen(self, server: Server, address: Address) -> int:
        """See Post."""
        [listeners] = self._opened.enter_context(open_address(address, 1))
        await server.start_on(listeners)
        return port_of(listeners)

    def ready(self) -> None:
        """See Post."""

    def ending(self, terminal: Terminal) -> None:
        """See Post. Who connects from now on is not left to wait for nobody."""
        self._opened.close()
        terminal.line(ENDING)

    async def drained(self) -> None:
        """See Post."""
