"""What can happen to a script and its events, placed by who acted.

WorkerError
├── ScriptInvalid       the script cannot run at all: it does not compile, load, …
├── ScriptFailed        the handler threw, or returned no Response
├── ScriptHung          the handler waits for what can never happen
├── AssetUnreadable     a static asset is not to be had from the disk
└── WorkerTerminated    the isolate ended under the event: a limit, or new code
NotCompiled             nobody: the script can be loaded in a while
"""

import asyncio


class WorkerError(Exception):
    """The base of what an event can end with instead of a response."""


class NotCompiled(Exception):
    """A script's code is compiled on a thread; ask for its Worker when that is `done`.

    Who adds a callback to that is called in the order in which they asked, before anybody who asks
    later: so calls that have an order keep it.
    """

    def __init__(self, done: asyncio.Future[object]) -> None:
        super().__init__("The script's code is being compiled.")
        self.done = done


class ScriptInvalid(WorkerError):
    """The script cannot be run; the message names file and line where there is one."""


class ScriptFailed(WorkerError):
    """The script's handler failed: with this error, described with its stack.

    A script that has called this one is told more: `flags` of the error, and the whole in `data`.
    """

    def __init__(
        self,
        name: str,
        message: str,
        description: str,
        flags: str = "",
        data: bytes | None = None,
    ) -> None:
        super().__init__(description)
        self.name = name
        self.message = message
        self.flags = flags
        self.data = data


class ScriptHung(WorkerError):
    """The script will never answer."""

    def __init__(self) -> None:
        super().__init__(
            "The Workers runtime canceled this request because it detected that your Worker's "
            "code had hung and would never generate a response. Refer to: "
            "https://developers.cloudflare.com/workers/observability/errors/"
        )


class AssetUnreadable(WorkerError):
    """A static asset cannot be read; the message names the file."""


class WorkerTerminated(WorkerError):
    """The isolate was ended while the event was under way."""
