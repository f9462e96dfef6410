"""Random bytes: https://w3c.github.io/webcrypto/#Crypto-interface."""

import secrets
import uuid

from holdfast.host.context import Host
from holdfast.host.ops import op


@op
def crypto_random(host: Host, size: int) -> bytes:
    """Return random bytes fit for keys."""
    return secrets.token_bytes(size)


@op
def crypto_random_uuid(host: Host) -> str:
    """Return a version 4 UUID in lower case."""
    return str(uuid.uuid4())
