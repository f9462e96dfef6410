"""Text that authors write: in UTF-8, perhaps with a byte order mark, as editors on Windows do."""

from pathlib import Path


def read_text(file: Path) -> str:
    """What a file holds. Blocks; raises OSError, and ValueError that says where it is no text."""
    content = file.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ValueError(f"{file} is in UTF-16; save it as UTF-8") from error
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{file} is not in UTF-8 (line {line}); save it as that") from error
