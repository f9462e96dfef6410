"""What tests are told, placed by who acted.

Exception
├── HarnessError          the test: it asked for what is not there; the message has the way out
│   └── CallTimedOut      nothing came of a call within the time limit
├── JavaScriptError       the script: it threw, and nothing caught it
└── LeakError             the test has left something behind
"""

import re
from collections.abc import Mapping
from typing import Any


def hidden_from_tracebacks(excinfo: Any) -> bool:
    """For pytest (`__tracebackhide__`): whether the harness's frames say nothing of an error."""
    return bool(excinfo.errisinstance((HarnessError, JavaScriptError, LeakError)))


_FRAME = re.compile(r"\(?([^\s()]+):(\d+):(\d+)\)?$")
_AROUND = 2  # lines of source that are shown on each side of the one that threw


class HarnessError(Exception):
    """The test asked for something that is not there; the message says what helps."""


class CallTimedOut(HarnessError):
    """A call took longer than the time limit, or waits for what can never happen."""


class LeakError(AssertionError):
    """Something that the test has started is still there at its end."""


class JavaScriptError(Exception):
    """What a script threw: `name` and `message` of the error, its `stack`, its flags.

    `properties` are `remote`, `retryable`, `overloaded` and `durableObjectReset`, where set.
    """

    def __init__(
        self,
        name: str,
        message: str,
        *,
        stack: str = "",
        properties: Mapping[str, Any] = {},
        source: str = "",
    ) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message
        self.stack = stack
        self.properties = dict(properties)
        self.source = source

    def __str__(self) -> str:
        head = f"{self.name}: {self.message}" if self.name else self.message
        return "\n".join(part for part in (head, self.stack, self.source) if part)


def javascript_error(
    name: str, message: str, description: str, flags: str, sources: Mapping[str, str]
) -> JavaScriptError:
    """The error that a script's failure is; `description` is as the log has it."""
    frames = [
        line
        for line in description.splitlines()
        if line.lstrip().startswith("at ") and "holdfast:" not in line
    ]
    return JavaScriptError(
        name,
        message,
        stack="\n".join(frames),
        properties={flag: True for flag in flags.split(",") if flag},
        source=excerpt(frames, sources),
    )


def excerpt(frames: list[str], sources: Mapping[str, str]) -> str:
    """The lines around the first frame that is in one of the sources; "" where none is."""
    for frame in frames:
        match = _FRAME.search(frame)
        if match is None or match[1] not in sources:
            continue
        lines, number = sources[match[1]].splitlines(), int(match[2])
        first = max(number - _AROUND, 1)
        shown = [f"{match[1]}:{number}"]
        for at, line in enumerate(lines[first - 1 : number + _AROUND], first):
            shown.append(f"{'>' if at == number else ' '} {at:4} | {line}")
            if at == number:
                shown.append(f"       | {' ' * (int(match[3]) - 1)}^")
        return "\n".join(shown)
    return ""
