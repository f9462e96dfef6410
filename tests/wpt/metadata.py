"""What a test file says of itself in its `// META:` lines.

https://web-platform-tests.org/writing-tests/testharness.html#specifying-test-variants
"""

import re
from dataclasses import dataclass
from pathlib import Path

META = re.compile(rb"^//\s*META:\s*(\w+)=(.*)$")

# The scopes that are like ours: a global object without a document or a message channel.
LIKE_OURS = frozenset({"dedicatedworker", "worker", "jsshell"})
DEFAULT_SCOPES = ("window", "dedicatedworker")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The META lines of one file, in the order in which they stand."""

    scripts: tuple[str, ...] = ()
    variants: tuple[str, ...] = ("",)
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    title: str = ""
    is_long: bool = False

    @property
    def is_for_us(self) -> bool:
        """True where one of the scopes that the file names is like ours."""
        return not LIKE_OURS.isdisjoint(self.scopes)


def read_metadata(path: Path) -> Metadata:
    """The META lines at the beginning of a file."""
    found: dict[str, list[str]] = {}
    with path.open("rb") as lines:
        for line in lines:
            if match := META.match(line.rstrip()):
                key, value = match[1].decode(), match[2].decode("utf-8", "replace").strip()
                found.setdefault(key, []).append(value)
            elif not line.startswith(b"//") and line.strip():
                break
    scopes = [scope.strip() for value in found.get("global", []) for scope in value.split(",")]
    return Metadata(
        scripts=tuple(found.get("script", ())),
        variants=tuple(found.get("variant", ())) or ("",),
        scopes=tuple(scopes) or DEFAULT_SCOPES,
        title=found.get("title", [""])[0],
        is_long="long" in found.get("timeout", ()),
    )
