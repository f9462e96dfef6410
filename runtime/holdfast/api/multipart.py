"""Writing multipart/form-data: for uploads by the client and for downloads of a script."""

import secrets
from collections.abc import Iterable

from holdfast.dataclass import dataclass
from holdfast.engine.modules import Module, ModuleKind

MODULE_TYPES = {
    ModuleKind.ESM: "application/javascript+module",
    ModuleKind.COMMONJS: "application/javascript",
    ModuleKind.TEXT: "text/plain",
    ModuleKind.JSON: "application/json",
    ModuleKind.DATA: "application/octet-stream",
    ModuleKind.WASM: "application/wasm",
}
# The type of a static asset that is to be served without one, in Wrangler's words.
NO_TYPE = "application/null"

# The WHATWG's escapes (quote, CR, LF), and those that let form.py read every name back:
# the percent sign itself, and what parsers of the header take for its syntax.
_ESCAPES = str.maketrans({char: f"%{ord(char):02X}" for char in '"\r\n%\\;'})


@dataclass(frozen=True, slots=True)
class OutgoingPart:
    """A part to be written; without a `file_name` it is a plain field."""

    field: str
    content_type: str
    content: bytes
    file_name: str | None = None

    @classmethod
    def of_module(cls, module: Module) -> "OutgoingPart":
        """The part that holds a module, under the module's name."""
        return cls(module.name, MODULE_TYPES[module.kind], module.content, module.name)


def encode_form(parts: Iterable[OutgoingPart]) -> tuple[str, bytes]:
    """The Content-Type and the body of a form with these parts."""
    boundary = secrets.token_hex(20)
    lines = b"".join(
        b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary.encode(), _headers(part), part.content)
        for part in parts
    )
    return f"multipart/form-data; boundary={boundary}", lines + b"--%s--\r\n" % boundary.encode()


def _headers(part: OutgoingPart) -> bytes:
    disposition = f'form-data; name="{part.field.translate(_ESCAPES)}"'
    if part.file_name is not None:
        disposition += f'; filename="{part.file_name.translate(_ESCAPES)}"'
    return f"Content-Disposition: {disposition}\r\nContent-Type: {part.content_type}".encode()
