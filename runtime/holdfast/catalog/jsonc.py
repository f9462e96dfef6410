"""JSON with comments and trailing commas, as Wrangler's configuration is written."""

import json
import re
from typing import Any

_STRING = r'"(?:[^"\\]|\\.)*+"'
_COMMENTS = re.compile(rf"({_STRING})|//[^\r\n]*|/\*.*?\*/", re.DOTALL)
# A comma that nothing is before stays, and is a mistake.
_COMMAS = re.compile(rf"({_STRING}|[\[{{]\s*,)|,(?=\s*[\]}}])", re.DOTALL)
# Where json5 says that a mistake is.
_PLACE = re.compile(r"<string>:(\d+) (.+) at column (\d+)")


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
    except json.JSONDecodeError:
        return _loads_json5(text)


def _kept(found: re.Match[str]) -> str:
    return found[1] or " "


def _loads_json5(text: str) -> Any:
    # Slow, 10 ms for each kilobyte; but it tells a mistake at its place in the text as it is.
    import json5

    try:
        return json5.loads(text)
    except ValueError as error:
        raise ValueError(_PLACE.sub(r"line \1, column \3: \2", str(error))) from error
