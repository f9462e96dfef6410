"""Uploading a folder of static assets, for the API's client."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from holdfast.api.multipart import NO_TYPE, OutgoingPart, encode_form
from holdfast.api.session import Session
from holdfast.assets import Asset, AssetFolder, Assets, AssetsInvalid
from holdfast.assets.headers import HeaderRules
from holdfast.assets.redirects import Redirects

_PIECE_BYTES = 1 << 20
_HASH_DIGITS = 32


def upload_assets(session: Session, script_path: str, assets: Assets) -> dict[str, Any]:
    """Upload what the server does not have yet; what the metadata says of the assets.

    `script_path` is that of the script below the account. Blocks. Raises AssetsInvalid, and OSError
    for a file that cannot be read, besides what a session raises.
    """
    folder = assets.origin
    assert isinstance(folder, AssetFolder), "a project's assets are in a folder"
    if not folder.directory.is_dir():
        raise AssetsInvalid(f"{folder.directory} is no folder; build the assets first")
    files = {path: (_hash(path, asset), asset) for path, asset in folder.listing()}
    manifest = {path: {"hash": name, "size": asset.size} for path, (name, asset) in files.items()}
    answer = session.send_json(
        "POST", f"{script_path}/assets-upload-session", {"manifest": manifest}
    )
    by_hash = dict(files.values())
    token: str = answer["jwt"]
    uploading = Session(session.base_url, token, session.account)
    for bucket in answer["buckets"]:
        content_type, body = encode_form(_part(name, by_hash[name]) for name in bucket)
        path = "/workers/assets/upload?base64=true"
        token = uploading.send("POST", path, body, content_type)["result"]["jwt"] or token
    return {"jwt": token, "config": _config(assets, folder)}


def mistakes_in(assets: Assets) -> Iterator[str]:
    """What is wrong with `_headers` and `_redirects` of a folder: rules that are left out."""
    folder = assets.origin
    if isinstance(folder, AssetFolder):
        headers, redirects = folder.open().rule_files()
        for mistake in HeaderRules(headers or "").mistakes:
            yield f"{folder.directory / '_headers'}: {mistake}"
        for mistake in Redirects(redirects or "", assets.config.html_handling).mistakes:
            yield f"{folder.directory / '_redirects'}: {mistake}"


def _config(assets: Assets, folder: AssetFolder) -> dict[str, Any]:
    headers, redirects = folder.open().rule_files()
    rules = {"_headers": headers, "_redirects": redirects}
    return {**assets.config.fields(), **{k: v for k, v in rules.items() if v is not None}}


def _hash(path: str, asset: Asset) -> str:
    """What a file is known by: its content and, as it decides on the type, the end of its name."""
    digest = hashlib.sha256()
    with Path(asset.file).open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    digest.update(PurePosixPath(path).suffix.encode())
    return digest.hexdigest()[:_HASH_DIGITS]


def _part(name: str, asset: Asset) -> OutgoingPart:
    content = base64.b64encode(Path(asset.file).read_bytes())
    return OutgoingPart(name, asset.content_type or NO_TYPE, content, name)
