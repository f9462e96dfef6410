"""ICU's C API, found in the wheel of `icu4py` and bound with cffi in ABI mode.

icu4py's own Python API is not imported: it has a handful of ICU's classes.

https://unicode-org.github.io/icu-docs/apidoc/released/icu4c/
"""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from holdfast.engine.errors import UnsupportedEngine
from holdfast.engine.icu.declarations import DECLARATIONS
from holdfast.engine.library import compiled_declarations

MAX_UNITS = 1 << 24  # of a text that ICU gives

_BUFFER_OVERFLOW = 15  # U_BUFFER_OVERFLOW_ERROR
NAME = re.compile(r"libicui18n(?:-[0-9a-f]+)?\.(?:so\.)?(\d+)(?:\.\d+)*(?:\.dylib)?")
_FUNCTION = re.compile(r"^(?!typedef)(\w.*?\b)(\w+)\(", re.MULTILINE)


class IcuError(Exception):
    """ICU has refused: its `code`, a UErrorCode, and what was asked of it."""

    def __init__(self, function: str, code: int) -> None:
        super().__init__(f"{function}: {ffi.string(icu.u_errorName(code)).decode()}")
        self.code = code


def _find_library() -> tuple[Path, str]:
    """The library for internationalization, which brings the others, and its major version."""
    spec = importlib.util.find_spec("icu4py")
    if spec is None or not spec.submodule_search_locations:
        raise UnsupportedEngine("icu4py is not installed: pip install icu4py")
    package = Path(spec.submodule_search_locations[0])
    for folder in (package.parent / "icu4py.libs", package / ".dylibs"):
        for path in folder.glob("libicui18n*"):
            if match := NAME.fullmatch(path.name):
                return path, match[1]
    raise UnsupportedEngine(f"{package} has no ICU in it: pip install --force-reinstall icu4py")


class Icu:
    """ICU's functions by their names without the version: `icu.unumf_close(formatter)`.

    A function raises AttributeError that is not declared, or that this ICU lacks.
    """

    def __init__(self, library: Any, version: str) -> None:
        self._library = library
        self._suffix = f"_{version}"

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._library, name + self._suffix)
        setattr(self, name, function)
        return function


def _open() -> tuple[Any, Icu]:
    path, version = _find_library()
    ffi = compiled_declarations("icu", _FUNCTION.sub(rf"\1\2_{version}(", DECLARATIONS))
    try:
        return ffi, Icu(ffi.dlopen(str(path)), version)
    except OSError as error:
        raise UnsupportedEngine(f"ICU cannot be used: {error}") from error


ffi, icu = _open()
NULL = ffi.NULL


def checked(function: Callable[..., Any], *arguments: Any) -> Any:
    """What an ICU function returns whose last parameter is a UErrorCode.

    Raises IcuError. It may be called from any thread; what it works on, from one at a time.
    """
    status = ffi.new("UErrorCode *")
    result = function(*arguments, status)
    if status[0] > 0:
        raise IcuError(_name_of(function), status[0])
    return result


def _name_of(function: Any) -> str:
    return next((name for name, known in vars(icu).items() if known is function), "ICU")


def utf16(text: str) -> tuple[Any, int]:
    """A text as ICU takes it: `const UChar *` and its length. Lone surrogates stay as they are."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    return ffi.from_buffer("UChar[]", encoded), len(encoded) // 2


def text_at(units: Any, length: int) -> str:
    """The text of so many UTF-16 units in ICU's memory."""
    return str(ffi.buffer(units, 2 * length)[:].decode("utf-16-le", "surrogatepass"))


def text_of(
    function: Callable[..., Any], *arguments: Any, units: int = 128, after: tuple[Any, ...] = ()
) -> str:
    """The text that a function writes into a buffer of UTF-16 units: `(…, buffer, size, status)`.

    `after` are the parameters between the buffer's size and the status. Raises IcuError.
    """
    buffer, length = _filled("UChar[]", function, arguments, units, after)
    return text_at(buffer, length)


def name_of(function: Callable[..., Any], *arguments: Any, after: tuple[Any, ...] = ()) -> str:
    """The name that a function writes into a buffer of chars, such as a locale's.

    `after` are the parameters between the buffer's size and the status. Raises IcuError.
    """
    buffer, length = _filled("char[]", function, arguments, 192, after)
    return str(ffi.buffer(buffer, length)[:].decode("latin-1"))


def _filled(
    kind: str,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    size: int,
    after: tuple[Any, ...] = (),
) -> tuple[Any, int]:
    status = ffi.new("UErrorCode *")
    buffer = ffi.new(kind, size)
    length = function(*arguments, buffer, size, *after, status)
    if status[0] == _BUFFER_OVERFLOW and size < length <= MAX_UNITS:
        status[0] = 0
        buffer = ffi.new(kind, length)
        length = function(*arguments, buffer, length, *after, status)
    if status[0] > 0:
        raise IcuError(_name_of(function), status[0])
    return buffer, length


def opened(close: Callable[[Any], None], function: Callable[..., Any], *arguments: Any) -> Any:
    """What an ICU function opens, which `close` gets when nobody holds it any more.

    Raises IcuError.
    """
    return ffi.gc(checked(function, *arguments), close)


def names_in(enumeration: Any) -> list[str]:
    """The names of a UEnumeration, which is closed."""
    owned = ffi.gc(enumeration, icu.uenum_close)
    length = ffi.new("int32_t *")
    names = []
    while (name := checked(icu.uenum_next, owned, length)) != NULL:
        names.append(ffi.buffer(name, length[0])[:].decode("latin-1"))
    return names


# Or ICU looks for the machine's, file by file where that is a copy, as soon as it makes a calendar.
checked(icu.ucal_setDefaultTimeZone, utf16("Etc/UTC\0")[0])
