"""The files of a Workers Site as a KV namespace.

https://developers.cloudflare.com/workers/configuration/sites/
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Never

from holdfast.engine import ScriptError
from holdfast.host.kv import failed
from holdfast.storage.key_value import Entry


class FileStore:
    """Files by their keys, read as they are when they are asked for. Its methods block.

    What a `KeyValueStore` has for reading; a script that writes is refused, as in Miniflare.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._keys = sorted(files, key=str.encode)

    def get(self, _namespace: str, key: str, _now_s: float) -> Entry | None:
        """What is in a file; None where it is none, or has gone."""
        file = self._files.get(key)
        try:
            return None if file is None else Entry(key, file.read_bytes())
        except OSError:
            return None

    def page(
        self, _namespace: str, _now_s: float, *, prefix: str = "", after: str = "", limit: int
    ) -> tuple[list[Entry], bool]:
        """See KeyValueStore."""
        start = after.encode()
        found = [key for key in self._keys if key.startswith(prefix) and key.encode() > start]
        return [Entry(key, b"") for key in found[:limit]], len(found) > limit

    def put(self, *_: object) -> Never:
        """Raises ScriptError."""
        raise _refused("PUT")

    def delete(self, *_: object) -> Never:
        """Raises ScriptError."""
        raise _refused("DELETE")


def _refused(method: str) -> ScriptError:
    return failed(method, 405, f"Cannot {method.lower()}() with Workers Sites namespace")
