"""What tests are told, placed by who acted.

Exception
├── HarnessError          the test: it asked for what is not there; the message has the way out
│   └── CallTimedOut      nothing came of a call within the time limit
├── JavaScriptError       the script: it threw, and nothing caught it
└── LeakError             the test has left something behind
"""

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.catalog.excerpt import Place, excerpt, lacking_binding, place_in


def hidden_from_tracebacks(excinfo: Any) -> bool:
    """For pytest (`__tracebackhide__`): whether the harness's frames say nothing of an error."""
    return bool(excinfo.errisinstance((HarnessError, JavaScriptError, LeakError)))


# Where tests import them from. Pytest's summary tells it, and has few letters for the message.
_PUBLIC = "holdfast.testing"

# What is told of an error besides its message, as polyfills/kernel/errors.js has it.
_TOLD = ("at ", "[cause]: ", "[errors]: ")


class HarnessError(Exception):
    """The test asked for something that is not there; the message says what helps."""

    __module__ = _PUBLIC


class CallTimedOut(HarnessError):
    """A call took longer than the time limit, or waits for what can never happen."""

    __module__ = _PUBLIC


class LeakError(AssertionError):
    """Something that the test has started is still there at its end."""


class JavaScriptError(Exception):
    """What a script threw: `name` and `message` of the error, its `stack`, its flags.

    `properties` are `remote`, `retryable`, `overloaded` and `durableObjectReset`, where set.
    """

    __module__ = _PUBLIC

    def __init__(
        self,
        name: str,
        message: str,
        *,
        stack: str = "",
        properties: Mapping[str, Any] = {},
        source: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message
        self.stack = stack
        self.properties = dict(properties)
        self.source = source
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.name}: {self.message}" if self.name else self.message
        return "\n".join(part for part in (head, self.stack, self.source, self.hint) if part)


def javascript_error(
    name: str,
    message: str,
    description: str,
    flags: str,
    sources: Mapping[str, str],
    bound: Iterable[str] = (),
) -> JavaScriptError:
    """The error that a script's failure is; `description` is as the log has it.

    `bound` are the names in the script's `env`.
    """
    frames = [
        line
        for line in description.splitlines()
        if line.lstrip().startswith(_TOLD) and "holdfast:" not in line
    ]
    place = place_in(frames, sources)
    return JavaScriptError(
        name,
        message,
        stack="\n".join(frames),
        properties={flag: True for flag in flags.split(",") if flag},
        source=excerpt(place),
        hint=_hint(message, place, [*bound]),
    )


def _hint(message: str, place: Place | None, bound: list[str]) -> str:
    """What helps where a script lacks a binding, a table, or memory."""
    if message == "null":  # as engine.JSError.is_null
        return "QuickJS throws null where an isolate's memory, of 128 MB, is full."
    if message.startswith("D1_") and "no such table" in message:
        return (
            "A database is empty at a test's beginning: "
            'worker.d1("…").apply_migrations() applies the migrations of the project.'
        )
    missing = lacking_binding(message, place, bound)
    if missing is None:
        return ""
    return (
        f"env has no {missing}; it has: {', '.join(bound) or 'nothing'}. "
        f'Bind it in the project\'s configuration, or with worker(…, env={{"{missing}": …}}).'
    )
