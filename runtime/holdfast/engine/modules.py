"""Modules: the named pieces that a script is made of."""

from enum import StrEnum

from holdfast.dataclass import dataclass


class ModuleKind(StrEnum):
    """How a module's content is to be understood, by Cloudflare's upload types.

    https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
    """

    ESM = "esm"
    COMMONJS = "commonjs"
    TEXT = "text"
    JSON = "json"
    DATA = "data"
    WASM = "wasm"


@dataclass(frozen=True, slots=True)
class Module:
    """One module: its name as importers write it, its kind and its bytes."""

    name: str
    kind: ModuleKind
    content: bytes
