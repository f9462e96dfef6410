"""Signature Version 4: whether who has the secret has signed a request.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
https://developers.cloudflare.com/r2/api/s3/presigned-urls/
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote, unquote

from holdfast.api.s3.credentials import access_key_id, secret_access_key
from holdfast.api.s3.errors import S3Error
from holdfast.api.s3.request import S3Request
from holdfast.api.secret_text import are_same, secret_bytes
from holdfast.dataclass import dataclass

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
# https://developers.cloudflare.com/r2/api/s3/api/#bucket-region
REGIONS = ("auto", "us-east-1", "", "wnam", "enam", "weur", "eeur", "apac", "oc")
MAX_SKEW_S = 15 * 60
MAX_EXPIRES_S = 7 * 86_400

_FIELD = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]*)\s*")
_SPACES = re.compile(r"[ \t]+")
# What changes the meaning of a request may not be added to one that was signed without it.
_MEANS_MUCH = ("x-amz-", "cf-copy-", "cf-create-")
_FROM_PROXIES = ("x-amz-cf-id",)


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that is sound, and what is needed to check those of a body's chunks.

    `payload`: the hash of the body, in hexadecimal, or what is said of it instead.
    """

    value: str
    time: str
    scope: str
    key: bytes
    payload: str

    def of_next(self, kind: str, before: str, *hashes: str) -> str:
        """The signature of what follows another one in a body."""
        text = "\n".join((f"{ALGORITHM}-{kind}", self.time, self.scope, before, *hashes))
        return hmac.digest(self.key, text.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a request says of its signature. `expires_s` is None for one in a header."""

    credential: str
    signed: str
    signature: str
    time: str
    expires_s: int | None


def check_signature(request: S3Request, token: str) -> Signature:
    """The signature of a request, which is sound. Raises S3Error."""
    claim = _claim_of(request)
    key_id, _, scope = claim.credential.partition("/")
    if not are_same(access_key_id(token), key_id):
        raise S3Error("Unauthorized", HTTPStatus.UNAUTHORIZED, "Unauthorized")
    if request.header("x-amz-security-token") or request.parameter("X-Amz-Security-Token"):
        raise S3Error(
            "InvalidToken",
            HTTPStatus.BAD_REQUEST,
            "There are no temporary credentials: leave out the session token.",
        )
    date, region = _checked_scope(scope, claim)
    _check_time(claim, request.now_ms / 1000)
    signed = _checked_headers(request, claim)
    if claim.expires_s is not None:
        request.take_query_as_headers()
    payload = _payload_of(request, claim)
    key = secret_bytes(f"AWS4{secret_access_key(token)}")
    for part in (date, region, "s3", "aws4_request"):
        key = hmac.digest(key, secret_bytes(part), "sha256")
    for path in _paths_of(request):
        canonical = "\n".join(
            (request.method, _encoded(path, "/"), _canonical_query(request), *signed, payload)
        )
        hashed = hashlib.sha256(secret_bytes(canonical)).hexdigest()
        to_sign = "\n".join((ALGORITHM, claim.time, scope, hashed))
        expected = hmac.digest(key, secret_bytes(to_sign), "sha256").hex()
        if are_same(expected, claim.signature):
            request.path = path
            return Signature(expected, claim.time, scope, key, payload)
    raise does_not_match()


def does_not_match() -> S3Error:
    """Somebody else has signed, or something else was signed."""
    return S3Error(
        "SignatureDoesNotMatch",
        HTTPStatus.FORBIDDEN,
        "The request signature we calculated does not match the signature you provided. "
        "Check your secret access key and signing method.",
    )


# ---- what is claimed ------------------------------------------------------------------


def _claim_of(request: S3Request) -> _Claim:
    authorization = request.http.headers.get("Authorization", "")
    if authorization.startswith(ALGORITHM):
        return _claim_of_header(request, authorization.removeprefix(ALGORITHM))
    if request.parameter("X-Amz-Algorithm") == ALGORITHM:
        return _claim_of_query(request)
    raise S3Error(
        "Unauthorized",
        HTTPStatus.UNAUTHORIZED,
        "SigV2 authorization is not supported. Please use SigV4 instead.",
    )


def _claim_of_header(request: S3Request, text: str) -> _Claim:
    found = (_FIELD.fullmatch(one) for one in text.split(","))
    fields = {one[1]: one[2] for one in found if one is not None}
    if len(fields) < 3:
        raise S3Error(
            "AuthorizationHeaderMalformed",
            HTTPStatus.BAD_REQUEST,
            "The authorization header is malformed; it has a Credential, SignedHeaders and a "
            "Signature.",
        )
    time = request.http.headers.get("x-amz-date", "")
    return _Claim(fields["Credential"], fields["SignedHeaders"], fields["Signature"], time, None)


def _claim_of_query(request: S3Request) -> _Claim:
    fields = [
        request.parameter(f"X-Amz-{name}") or ""
        for name in ("Credential", "SignedHeaders", "Signature", "Date")
    ]
    expires = request.parameter("X-Amz-Expires") or ""
    is_number = expires.isascii() and expires.isdigit() and len(expires) < 10
    if not all(fields) or not is_number or not 1 <= int(expires) <= MAX_EXPIRES_S:
        raise S3Error(
            "AuthorizationQueryParametersError",
            HTTPStatus.BAD_REQUEST,
            "A presigned URL has X-Amz-Credential, X-Amz-SignedHeaders, X-Amz-Signature, "
            f"X-Amz-Date, and X-Amz-Expires of 1 to {MAX_EXPIRES_S} seconds.",
        )
    credential, signed, signature, time = fields
    return _Claim(credential, signed, signature, time, int(expires))


# ---- what is checked before the signature ---------------------------------------------


def _checked_scope(scope: str, claim: _Claim) -> tuple[str, str]:
    parts = scope.split("/")
    if len(parts) != 4 or parts[2:] != ["s3", "aws4_request"] or parts[0] != claim.time[:8]:
        raise S3Error(
            "AuthorizationHeaderMalformed",
            HTTPStatus.BAD_REQUEST,
            "The credential is ID/YYYYMMDD/auto/s3/aws4_request, with the date of x-amz-date.",
        )
    if parts[1] not in REGIONS:
        raise S3Error(
            "InvalidRegionName",
            HTTPStatus.BAD_REQUEST,
            f"The region name '{parts[1]}' is not valid. Must be one of: wnam, enam, weur, eeur, "
            "apac, oc, auto",
        )
    return parts[0], parts[1]


def _check_time(claim: _Claim, now_s: float) -> None:
    try:
        signed_s = datetime.strptime(claim.time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise S3Error(
            "AccessDenied",
            HTTPStatus.FORBIDDEN,
            "X-Amz-Date is a time such as 20260131T120000Z",
        ) from None
    if claim.expires_s is None:
        if abs(now_s - signed_s) > MAX_SKEW_S:
            raise S3Error(
                "RequestTimeTooSkewed",
                HTTPStatus.FORBIDDEN,
                "The difference between the request time and the server's time is too large.",
            )
    elif signed_s > now_s + MAX_SKEW_S:
        raise S3Error("AccessDenied", HTTPStatus.FORBIDDEN, "Request is not yet valid")
    elif now_s > signed_s + claim.expires_s:
        raise S3Error("ExpiredRequest", HTTPStatus.BAD_REQUEST, "Request has expired")


def _checked_headers(request: S3Request, claim: _Claim) -> tuple[str, str]:
    """The headers that were signed, in canonical form, and their names."""
    names = claim.signed.split(";")
    headers = request.http.headers
    unsigned = [
        name
        for one in headers
        if (name := one.lower()).startswith(_MEANS_MUCH)
        and name not in names
        and name not in _FROM_PROXIES
    ]
    if unsigned or "host" not in names:
        raise S3Error(
            "AccessDenied",
            HTTPStatus.FORBIDDEN,
            "There were headers present in the request which were not signed: "
            f"{', '.join(unsigned) or 'host'}",
        )
    lines = []
    for name in names:
        values = (_SPACES.sub(" ", value).strip() for value in headers.getall(name, ()))
        lines.append(f"{name}:{','.join(values)}\n")
    return "".join(lines), claim.signed


def _payload_of(request: S3Request, claim: _Claim) -> str:
    told = request.header("x-amz-content-sha256")
    if told is not None:
        return told
    if claim.expires_s is None:
        raise S3Error(
            "InvalidRequest",
            HTTPStatus.BAD_REQUEST,
            "Missing required header for this request: x-amz-content-sha256",
        )
    return UNSIGNED


# ---- what is signed -------------------------------------------------------------------


def _paths_of(request: S3Request) -> Iterator[str]:
    """The paths that may have been meant: some clients sign a plus in a URL as a space."""
    yield request.path
    if "+" in request.raw_path:
        yield unquote(request.raw_path.replace("+", " "), errors="surrogateescape")


def _canonical_query(request: S3Request) -> str:
    pairs = [
        (_encoded(name), _encoded(value))
        for name, value in request.query
        if name != "X-Amz-Signature"
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: str, safe: str = "") -> str:
    return quote(text, safe=f"{safe}-_.~", encoding="utf-8", errors="surrogateescape")
