"""Tokens of uploads of static assets, and what they are redeemed for.

A token is a JSON Web Token (RFC 7519), signed with a secret of its session: clients read from it
when it expires, and can neither make one nor use it for anything else.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time

from holdfast.api.requested_assets import RequestedAssets
from holdfast.api.secret_text import are_same, secret_bytes
from holdfast.assets import Assets, AssetsConfig
from holdfast.catalog import Catalog, Script, ScriptNotFound
from holdfast.catalog.asset_library import SESSION_SECONDS, AssetLibrary
from holdfast.catalog.asset_rows import AssetSession
from holdfast.catalog.bindings import AssetsBinding
from holdfast.catalog.errors import rejected

_MOST_TOLD = 5


def token_of(session: AssetSession) -> str:
    """A token that is good for an hour."""
    now_s = int(time.time())
    claims = {"session": session.id, "iat": now_s, "exp": now_s + int(SESSION_SECONDS)}
    signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    return f"{signed}.{_signature(session, signed)}"


async def session_of(library: AssetLibrary, token: str) -> AssetSession | None:
    """The session whose token this is; None where it is none, or not any more."""
    signed, _, signature = token.rpartition(".")
    try:
        claims = json.loads(_decoded(signed.partition(".")[2]))
        session_id, expires = claims["session"], claims["exp"]
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(session_id, str) or not isinstance(expires, int):
        return None
    session = await asyncio.to_thread(library.session, session_id)
    if session is None:
        return None
    if not are_same(_signature(session, signed), signature):
        return None
    return session if expires > time.time() else None


async def requested_assets(
    catalog: Catalog, name: str, requested: RequestedAssets
) -> Assets | None:
    """The assets that an upload of a script asks for. Raises UploadRejected."""
    if requested.token is not None:
        session = await session_of(catalog.assets, requested.token)
        if session is None or session.script != name:
            raise rejected(
                "metadata.assets.jwt is no token of an upload of assets for this Worker, or has "
                "expired. Upload the assets again."
            )
        manifest, missing = await asyncio.to_thread(catalog.assets.manifest, session)
        if missing:
            shown = ", ".join(missing[:_MOST_TOLD])
            raise rejected(
                f"The upload of the assets is not complete: {len(missing)} files are missing, "
                f"such as {shown}."
            )
        return Assets(manifest, requested.config or AssetsConfig())
    if not requested.keeps:
        return None
    try:
        latest = catalog.latest(name).assets
    except ScriptNotFound:
        latest = None
    if latest is None:
        return None
    return Assets(latest.origin, requested.config or latest.config)


async def redeem(catalog: Catalog, requested: RequestedAssets) -> None:
    """A version has what a token was for."""
    if requested.token is not None:
        session = await session_of(catalog.assets, requested.token)
        if session is not None:
            await asyncio.to_thread(catalog.assets.redeem, session)


def check_assets(script: Script) -> None:
    """Raises UploadRejected for a script whose assets do not go with it."""
    bound = [b.name for b in script.bindings if isinstance(b, AssetsBinding)]
    if len(bound) > 1:
        raise rejected(f"Only one binding can be to the assets, but these are: {', '.join(bound)}")
    if script.assets is None:
        if bound:
            raise rejected(
                f'The binding "{bound[0]}" is to static assets, which the upload does not have.'
            )
        if not script.modules:
            raise rejected("The upload has neither a script nor assets.")
    elif not script.modules:
        if bound:
            raise rejected(
                "Cannot use assets with a binding in an assets-only Worker: the binding "
                f'"{bound[0]}" needs a script.'
            )
        if script.assets.config.run_worker_first:
            raise rejected("Cannot set run_worker_first without a Worker script.")


def _signature(session: AssetSession, signed: str) -> str:
    digest = hmac.new(session.secret, secret_bytes(signed), hashlib.sha256)
    return base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")


def _encoded(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
