"""Uploads of static assets over HTTP: which files there are to be, and the files that are new.

https://developers.cloudflare.com/workers/static-assets/direct-upload/
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

from aiohttp import BodyPartReader, web

from holdfast.api.asset_tokens import session_of, token_of
from holdfast.api.auth import SETTINGS, presented, unauthenticated, with_own_token
from holdfast.api.envelope import success
from holdfast.api.form import name_of, parts_of, reading_form
from holdfast.api.json_body import read_content
from holdfast.api.metadata import parse_object
from holdfast.api.multipart import NO_TYPE
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.assets.asset import MAX_ASSET_BYTES, MAX_ASSETS
from holdfast.catalog import ErrorCode, UploadRejected, check_script_name
from holdfast.catalog.asset_library import NewFile
from holdfast.catalog.asset_rows import AssetSession, Wanted
from holdfast.catalog.errors import rejected
from holdfast.catalog.json_values import is_well_formed

MAX_MANIFEST_BYTES = 32 << 20
MAX_UPLOAD_BYTES = 100 << 20
BUCKET_BYTES = 10 << 20
BUCKET_FILES = 500
"""The Content-Type of a file that is to be served without one."""

_HASH = re.compile(r"[0-9a-fA-F]{32}")
_TYPE = re.compile(r"[\x20-\x7e]{1,255}")
_PIECE_BYTES = 1 << 16


class AssetHandlers:
    """The handlers of `assets-upload-session` and of `assets/upload`."""

    def __init__(self, platform: Platform) -> None:
        self._library = platform.catalog.assets

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        script = f"{account}/workers/scripts/{{name}}"
        return [
            ("POST", f"{script}/assets-upload-session", self.begin),
            ("POST", f"{account}/workers/assets/upload", self.upload),
        ]

    async def begin(self, request: web.Request) -> web.Response:
        """Begin an upload: the hashes of the files that have to come, in buckets."""
        name = request.match_info["name"]
        check_script_name(name)
        body = await read_content(request, MAX_MANIFEST_BYTES)
        wanted = await asyncio.to_thread(_wanted, body)
        session, missing = await asyncio.to_thread(self._library.begin, name, wanted)
        buckets = _buckets(missing, dict(wanted.values()))
        return success({"jwt": token_of(session), "buckets": buckets}, status=HTTPStatus.CREATED)

    @with_own_token
    async def upload(self, request: web.Request) -> web.Response:
        """Take files; the last ones are answered with the token that a version is made with."""
        session = await session_of(self._library, presented(request))
        if session is None:
            raise unauthenticated()
        if request.query.get("base64") != "true":
            raise rejected("Files are uploaded in Base64: the URL must have ?base64=true.")
        if request.content_type != "multipart/form-data":
            raise UploadRejected(
                ErrorCode.UNSUPPORTED_CONTENT_TYPE,
                f"Files are uploaded as multipart/form-data, but this was {request.content_type}.",
            )
        with ExitStack() as unfinished:
            files = await self._receive(request, session, unfinished)
            is_whole = await asyncio.to_thread(self._library.add, session, files)
        if is_whole:
            return success({"jwt": token_of(session)}, status=HTTPStatus.CREATED)
        return success({"jwt": None}, status=HTTPStatus.ACCEPTED)

    async def _receive(
        self, request: web.Request, session: AssetSession, unfinished: ExitStack
    ) -> list[NewFile]:
        """The files of a request, each under no name yet."""
        sizes = dict(session.wanted.values())
        files: dict[str, NewFile] = {}
        timeout_s = request.app[SETTINGS].upload_timeout_s
        async with reading_form(request, max_bytes=MAX_UPLOAD_BYTES, timeout_s=timeout_s) as reader:
            async for part in parts_of(reader):
                file_hash = name_of(part)
                if file_hash not in sizes:
                    raise rejected(f"The manifest has no file with the hash {file_hash[:80]!r}.")
                content = unfinished.enter_context(self._library.new_content())
                file = NewFile(file_hash, _content_type(part), content)
                await _copy(part, file, sizes[file_hash])
                content.finish()
                files.setdefault(file_hash, file)
        return [*files.values()]


async def _copy(part: BodyPartReader, file: NewFile, size: int) -> None:
    """Write what a part holds in Base64. Raises UploadRejected where it is not what was told."""
    rest = b""
    while piece := await part.read_chunk(_PIECE_BYTES):
        text = rest + piece.translate(None, b"\r\n\t ")
        whole = len(text) - len(text) % 4
        rest = text[whole:]
        file.content.write(_from_base64(text[:whole], file.hash))
        if file.content.size > size:
            break
    file.content.write(_from_base64(rest, file.hash))
    if file.content.size != size:
        told = "more" if file.content.size > size else f"{file.content.size:,}"
        raise rejected(
            f"The file with the hash {file.hash} has {told} bytes; the manifest says {size:,}."
        )


def _from_base64(text: bytes, file_hash: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise rejected(f"The file with the hash {file_hash} is not in Base64: {error}.") from error


def _content_type(part: BodyPartReader) -> str | None:
    told = str(part.headers.get("Content-Type", NO_TYPE)).strip()
    return None if told == NO_TYPE or not _TYPE.fullmatch(told) else told


def _wanted(body: bytes) -> Wanted:
    """The files of a manifest. Raises UploadRejected."""
    manifest = parse_object(body, "the body").get("manifest")
    if not isinstance(manifest, dict):
        raise rejected('The body must have "manifest": {"/path": {"hash": …, "size": …}, …}.')
    if len(manifest) > MAX_ASSETS:
        raise rejected(f"The manifest has more than {MAX_ASSETS:,} files.")
    wanted = {path: _file(path, entry) for path, entry in manifest.items()}
    sizes: dict[str, int] = {}
    for path, (file_hash, size) in wanted.items():
        if sizes.setdefault(file_hash, size) != size:
            raise rejected(f"{path!r} has the hash of another file, and another size.")
    return wanted


def _file(path: str, entry: Any) -> tuple[str, int]:
    if not path.startswith("/") or not is_well_formed(path):
        raise rejected(f"The manifest's paths must begin with a slash; {path[:80]!r} does not.")
    if not isinstance(entry, dict):
        raise rejected(f'{path!r} must be an object with "hash" and "size".')
    file_hash, size = entry.get("hash"), entry.get("size")
    if not isinstance(file_hash, str) or not _HASH.fullmatch(file_hash):
        raise rejected(f'{path!r}: "hash" must be 32 hexadecimal digits.')
    if type(size) is not int or size < 0:
        raise rejected(f'{path!r}: "size" must be a number of bytes.')
    if size > MAX_ASSET_BYTES:
        raise rejected(f"{path!r} is larger than {MAX_ASSET_BYTES >> 20} MiB, the most for a file.")
    return file_hash, size


def _buckets(missing: Iterable[str], sizes: Mapping[str, int]) -> list[list[str]]:
    """Hashes in groups that are uploaded by one request each."""
    buckets: list[list[str]] = []
    room = 0
    for file_hash in missing:
        size = sizes[file_hash]
        if not buckets or size > room or len(buckets[-1]) == BUCKET_FILES:
            buckets.append([])
            room = BUCKET_BYTES
        buckets[-1].append(file_hash)
        room -= size
    return buckets
