"""Ops of structured cloning: strings whose characters QuickJS would copy one by one."""

from typing import TYPE_CHECKING

from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.host.context import Host


@op
def serialize_utf16(host: "Host", text: str) -> bytes:
    """The UTF-16 code units of a string, little endian; lone surrogates stay."""
    return text.encode("utf-16-le", "surrogatepass")


@op
def serialize_text(host: "Host", data: bytes, encoding: str) -> str:
    """The string in `data`: "utf-16-le", where lone surrogates stay, "latin-1" or "utf-8".

    Bytes that are not UTF-8 become U+FFFD, as V8 reads them.
    """
    return data.decode(encoding, "surrogatepass" if encoding == "utf-16-le" else "replace")
