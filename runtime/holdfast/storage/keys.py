"""Keys as SQLite orders them: by their UTF-8 bytes. Pure.

JavaScript strings may hold lone surrogates, which UTF-8 has no bytes for. workerd stores
them as if they were characters (WTF-8: U+D800 becomes ED A0 80), and so does this, so that
no two strings share a key. In that encoding the order of bytes is still the order of code
points, which is also the order of Python's strings.
"""


def encode_key(key: str) -> bytes:
    """The bytes that stand for a key in the database."""
    return key.encode("utf-8", "surrogatepass")


def decode_key(stored: bytes) -> str:
    """The key that these bytes stand for; bytes that no key has become U+FFFD."""
    try:
        return stored.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return stored.decode("utf-8", "replace")


def after_prefix(prefix: bytes) -> bytes | None:
    """The smallest bytes that are above all that begin with `prefix`; None if nothing is.

    0xFF occurs in no key, yet is handled, since it costs nothing.
    """
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else None


def key_range(
    start: str | None, start_after: str | None, end: str | None, prefix: str | None
) -> tuple[bytes, bytes | None]:
    """The lower bound (included) and the upper bound (excluded; None: no bound) of a listing.

    Nothing lies between a key and the key followed by a zero byte, so that is where a
    listing after a key begins.
    """
    lower = b""
    upper = None if end is None else encode_key(end)
    if start is not None:
        lower = encode_key(start)
    if start_after is not None:
        lower = max(lower, encode_key(start_after) + b"\0")
    if prefix:
        encoded = encode_key(prefix)
        lower = max(lower, encoded)
        above = after_prefix(encoded)
        if above is not None:
            upper = above if upper is None else min(upper, above)
    return lower, upper
