"""Which checksums a request gives of its body.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

import base64
import binascii
import re
from collections.abc import Mapping
from http import HTTPStatus

from holdfast.api.s3.errors import S3Error, invalid_argument, not_implemented
from holdfast.api.s3.request import S3Request
from holdfast.api.s3.signature import UNSIGNED
from holdfast.storage.r2.checksums import MD5

PREFIX = "x-amz-checksum-"
LENGTHS = {"crc32": 4, "crc32c": 4, "crc64nvme": 8, "sha1": 20, "sha256": 32}
"""By algorithm, how many bytes one has."""

_HEX = re.compile(r"[0-9a-f]{64}")
_ABOUT = ("algorithm", "mode", "type")


class Given:
    """The checksums of a body, in hexadecimal: those that are kept, and those that are not."""

    def __init__(self, request: S3Request, payload: str) -> None:
        """`payload`: the hash that was signed, or what is said of the body instead."""
        self.kept = {
            name: _hex(value, LENGTHS[name])
            for name, value in request.named(PREFIX).items()
            if name not in _ABOUT and _known(name)
        }
        self.trailing = [
            name.strip().removeprefix(PREFIX)
            for name in (request.header("x-amz-trailer") or "").lower().split(",")
            if name.strip().startswith(PREFIX) and _known(name.strip().removeprefix(PREFIX))
        ]
        self.payload = payload if _HEX.fullmatch(payload) else None
        if self.payload is None and payload != UNSIGNED and not payload.startswith("STREAMING-"):
            raise invalid_argument(
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-… or a sha256 value."
            )
        md5 = request.header("Content-MD5")
        self.md5 = None if md5 is None else _hex(md5, 16)

    @property
    def algorithms(self) -> list[str]:
        """What has to be calculated."""
        of_payload = [] if self.payload is None else ["sha256"]
        return [*self.kept, *self.trailing, *of_payload]

    def take(self, trailers: Mapping[str, str]) -> None:
        """The body has ended with these trailers. Raises S3Error where one is missing."""
        for name in self.trailing:
            self.kept[name] = _hex(trailers.get(f"{PREFIX}{name}", ""), LENGTHS[name])

    @property
    def not_kept(self) -> dict[str, str]:
        """What is checked, and not told of the object."""
        return {} if self.md5 is None else {MD5: self.md5}


def checksum_headers(checksums: Mapping[str, str]) -> dict[str, str]:
    """Checksums as headers: those that S3 has, of a whole object."""
    headers = {f"{PREFIX}{name}": encoded(checksums[name]) for name in LENGTHS if name in checksums}
    return {**headers, f"{PREFIX}type": "FULL_OBJECT"} if headers else {}


def encoded(digest: str) -> str:
    """A checksum in hexadecimal as S3 tells it."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


def _known(name: str) -> bool:
    if name not in LENGTHS:
        raise not_implemented(f"The checksum algorithm '{name}' is")
    return True


def _hex(value: str, length: int) -> str:
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != length:
        raise S3Error(
            "InvalidDigest",
            HTTPStatus.BAD_REQUEST,
            "A checksum you specified is not valid: it is not of this algorithm, or not in base64.",
        )
    return digest.hex()
