"""HTMLRewriter's one need of the host: text in an encoding that TextEncoder does not have."""

from holdfast.host.context import Host
from holdfast.host.ops import op

# The standard's encodings that Python knows by other names, or as others.
_CODECS = {
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "gbk": "gb18030",
    "ibm866": "cp866",
    "iso-8859-8-i": "iso-8859-8",
    "macintosh": "mac_roman",
    "shift_jis": "cp932",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-user-defined": "ascii",
}


@op
def html_encode(_host: Host, text: str, encoding: str) -> str:
    """Return the bytes of `text`, a character each; `&#…;` for what the encoding has not.

    `encoding` is a name of the Encoding Standard, in lower case.
    """
    codec = _CODECS.get(encoding, encoding.replace("windows-", "cp"))
    return text.encode(codec, "xmlcharrefreplace").decode("latin-1")
