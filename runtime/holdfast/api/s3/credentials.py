"""What S3's clients sign with: derived of the API's token, as at Cloudflare.

https://developers.cloudflare.com/r2/api/tokens/#get-s3-api-credentials-from-an-api-token
"""

import hashlib
import hmac

_ID_CHARACTERS = 32


def access_key_id(token: str) -> str:
    """The token's id. Cloudflare gives one to each token; here it follows from the token."""
    return hmac.digest(_bytes(token), b"the id of this token", "sha256").hex()[:_ID_CHARACTERS]


def secret_access_key(token: str) -> str:
    """The SHA-256 of the token, in hexadecimal."""
    return hashlib.sha256(_bytes(token)).hexdigest()


def _bytes(token: str) -> bytes:
    return token.encode("utf-8", "surrogateescape")
