"""`holdfast r2 …`: what clients of S3 need to reach the buckets of a `holdfast serve`."""

import argparse
import json
import shlex
from typing import Any
from urllib.parse import urlsplit

from holdfast.api.s3.credentials import access_key_id, secret_access_key
from holdfast.cli.remote import remotely


def credentials(options: argparse.Namespace) -> int:
    """Print the credentials that follow from the API's token; nothing is asked of the server."""

    def tell(connection: dict[str, Any]) -> str:
        url, token = urlsplit(connection["base_url"]), connection["token"]
        told = {
            "AWS_ACCESS_KEY_ID": access_key_id(token),
            "AWS_SECRET_ACCESS_KEY": secret_access_key(token),
            "AWS_ENDPOINT_URL_S3": f"{url.scheme}://{url.netloc}",
            "AWS_REGION": "auto",
            "AWS_DEFAULT_REGION": "auto",
        }
        if options.json:
            return json.dumps(told, indent=2)
        return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in told.items())

    return remotely(options, tell)
