"""Which requests are S3's: they are told from the REST API's by how they are signed."""

from aiohttp import web

_REST = "/client/v4/"


def is_for_s3(request: web.Request) -> bool:
    """Whether a request is signed as S3's are, well or not, or asks on behalf of one that will be.

    A browser asks, without a signature, whether it may make a request to another origin.
    """
    authorization = request.headers.get("Authorization", "")
    if authorization.startswith("AWS"):
        return True
    path, _, query = request.raw_path.partition("?")
    if "X-Amz-" in query or "AWSAccessKeyId=" in query:
        return True
    is_preflight = (
        request.method == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )
    return is_preflight and not path.startswith(_REST)
