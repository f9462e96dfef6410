"""XML that is answered. xml_in.py reads what comes."""

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
# Others than these three controls are not of XML 1.0: as references, S3's clients take them.
_ESCAPES = {
    **{code: f"&#x{code:x};" for code in range(32) if code not in (9, 10)},
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    0xFFFE: "&#xfffe;",
    0xFFFF: "&#xffff;",
}


def element(name: str, *content: str) -> str:
    """An element of elements."""
    return f"<{name}>{''.join(content)}</{name}>"


def text(name: str, value: object) -> str:
    """An element of text."""
    return f"<{name}>{str(value).translate(_ESCAPES)}</{name}>"


def flag(name: str, *, value: bool) -> str:
    """An element of `true` or `false`."""
    return f"<{name}>{'true' if value else 'false'}</{name}>"


def document(name: str, *content: str, namespace: str = NAMESPACE) -> bytes:
    """A document of elements."""
    opened = f'{name} xmlns="{namespace}"' if namespace else name
    return f"{_DECLARATION}<{opened}>{''.join(content)}</{name}>".encode()
