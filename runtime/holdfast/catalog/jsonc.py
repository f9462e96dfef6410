"""JSON with comments and trailing commas, as Wrangler's configuration is written."""

import json
import re
from typing import Any

_STRING = r'"(?:[^"\\]|\\.)*+"'
_COMMENTS = re.compile(rf"({_STRING})|//[^\r\n]*|/\*.*?\*/", re.DOTALL)
# A comma that nothing is before stays, and is a mistake.
_COMMAS = re.compile(rf"({_STRING}|[\[{{]\s*,)|,(?=\s*[\]}}])", re.DOTALL)
_LETTERS = re.compile(r"[^\r\n]")


def loads(text: str) -> Any:
    """What a text holds. JSON5 is let pass, too; raises ValueError, with the place of a mistake."""
    if not text.strip():
        raise ValueError("the file is empty")
    try:
        return _loads(text)
    except RecursionError:
        raise ValueError("lists and objects are nested too deeply") from None


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        pass
    plain = _COMMAS.sub(_kept, _COMMENTS.sub(_kept, text))
    try:
        return json.loads(plain)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}: {error.msg}"
    import json5  # slow, 10 ms for each kilobyte

    try:
        return json5.loads(text)
    except ValueError:
        raise ValueError(place) from None


def _kept(found: re.Match[str]) -> str:
    """A string as it is, and spaces for all else, so that what follows keeps its place."""
    return found[1] or _LETTERS.sub(" ", found[0])
