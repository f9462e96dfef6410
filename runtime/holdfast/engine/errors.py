"""The engine's errors, placed by who acted.

Exception
├── EngineError
│   ├── UnsupportedEngine    the installation: wrong platform or library version
│   ├── JSError              the script: it threw, and nothing caught it
│   └── IsolateTerminated    the script: it went past a limit; the isolate is spent
├── NoRoom                   the caller: what it gives is more than the isolate has memory for
└── ScriptError              us, on the script's account: raised by an op, seen by JS
"""

from holdfast.engine.limits import OUT_OF_MEMORY


class EngineError(Exception):
    """The base of what the engine raises."""


class UnsupportedEngine(EngineError):
    """This machine or the installed quickjs-ng is not one that Holdfast knows."""


class JSError(EngineError):
    """A JavaScript exception that no JavaScript caught.

    `name` and `message` are the error's own (`name` is empty for a thrown value
    that is no Error); `stack` holds one frame per line, without the message.
    """

    def __init__(self, name: str, message: str, stack: str = "") -> None:
        super().__init__(name, message, stack)
        self.name = name
        self.message = message
        self.stack = stack

    def __str__(self) -> str:
        head = f"{self.name}: {self.message}" if self.name else self.message
        return f"{head}\n{self.stack}" if self.stack else head

    @property
    def is_out_of_memory(self) -> bool:
        """True where the script's memory limit was what failed it."""
        return self.name == "InternalError" and self.message == "out of memory"

    @property
    def is_null(self) -> bool:
        """True where null was thrown, as QuickJS does where no memory is left for an error."""
        return self.message == "null"


class IsolateTerminated(EngineError):
    """The isolate was stopped for good; it must be closed and made anew.

    `stack` has the frames of what was interrupted, as far as they are known.
    """

    def __init__(self, message: str, stack: str = "") -> None:
        super().__init__(message)
        self.stack = stack

    @property
    def is_out_of_memory(self) -> bool:
        """True where it was stopped since its memory limit was reached."""
        return str(self) == OUT_OF_MEMORY


class NoRoom(MemoryError):
    """The isolate has no memory for the arguments of a call, which has not begun."""


class StopTurn(Exception):
    """An op's wish that what runs goes no further: no `catch` and no `finally` sees it end.

    Jobs and turns that follow run as ever.
    """


class ScriptError(Exception):
    """An op's answer that the script did something wrong; JS sees it as an exception.

    `name` is an ECMAScript error class ("TypeError", "RangeError", "Error", …) or
    else a DOMException name ("InvalidCharacterError", "DataCloneError", …).
    `properties` are set on the error object: plain booleans, numbers or strings.
    """

    def __init__(self, name: str, message: str, **properties: bool | int | float | str) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message
        self.properties = properties

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"
