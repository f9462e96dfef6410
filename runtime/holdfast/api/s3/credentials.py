"""What S3's clients sign with: derived of the API's token, as at Cloudflare.

https://developers.cloudflare.com/r2/api/tokens/#get-s3-api-credentials-from-an-api-token
"""

import hashlib
import hmac

from holdfast.api.secret_text import secret_bytes

_ID_CHARACTERS = 32


def access_key_id(token: str) -> str:
    """The token's id. Cloudflare gives one to each token; here it follows from the token."""
    return hmac.digest(secret_bytes(token), b"the id of this token", "sha256").hex()[
        :_ID_CHARACTERS
    ]


def secret_access_key(token: str) -> str:
    """The SHA-256 of the token, in hexadecimal."""
    return hashlib.sha256(secret_bytes(token)).hexdigest()
