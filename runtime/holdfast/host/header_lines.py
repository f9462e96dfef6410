"""Headers as they cross between Python and JavaScript: one string, names and values, one a line."""

from collections.abc import Iterable


def pairs_in(lines: str) -> list[tuple[str, str]]:
    """Names and values, in the order in which they were set."""
    parts = lines.split("\n")
    return [*zip(parts[::2], parts[1::2], strict=False)]  # what follows the last "\n" is nothing


def fields_in(lines: str) -> dict[str, str]:
    """Values by names in lower case; those of one name are joined (RFC 9110, 5.3)."""
    fields: dict[str, str] = {}
    for name, value in pairs_in(lines):
        lower = name.lower()
        fields[lower] = f"{fields[lower]}, {value}" if lower in fields else value
    return fields


def in_lines(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values as one string."""
    return "".join(f"{name}\n{value}\n" for name, value in pairs)
