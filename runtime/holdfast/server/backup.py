"""A copy of a whole data folder, taken under load, and back.

Each database is copied as it is at one moment, without stopping anybody; the copies come one
after the other, in a tar archive that is written as it is made. Caches are left out.

The list of a namespace's alarms is copied for the names in it. When each object's are to come
is told by its own database, and that is what the list is made to say in the end: an alarm that
was set or called off while the archive was made is neither missed nor called for in vain.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from holdfast.assets.manifest import STORE as ASSETS
from holdfast.assets.manifest import is_content
from holdfast.catalog.vault import KEY_FILE
from holdfast.server.data_folder import BUCKETS, CATALOG, KEY_VALUE, MAIL, OBJECTS, QUEUES
from holdfast.server.object_files import OwnerLost
from holdfast.server.runtime import Runtime
from holdfast.storage import alarms, going_back, history, object_names
from holdfast.storage.d1.files import d1_files, d1_pasts
from holdfast.storage.d1.files import is_file as is_d1_file
from holdfast.storage.d1.registry import FILE_NAME as D1_LIST
from holdfast.storage.names import D1_FOLDER, DATABASE_SUFFIX, SCRATCH, database_name, is_index
from holdfast.storage.portable import copy_database, list_alarms_anew
from holdfast.storage.session import SHARED_VFS, VFS

MANIFEST = "backup.json"  # comes last, so that a part of an archive is not taken for the whole
VERSION = 1
SHARED = (CATALOG, KEY_VALUE, QUEUES)  # databases that belong to the server
PLAIN_FILES = (KEY_FILE, "api-token")
NAMESPACE_FILES = {alarms.FILE_NAME: VFS, object_names.FILE_NAME: SHARED_VFS}
_Result = TypeVar("_Result")
_PAST_SUFFIXES = (history.SUFFIX, going_back.SUFFIX)
OWNER_TRIES = 5  # at what the processes do that have the objects, where these end meanwhile
_BUCKET_FILE = re.compile(
    rf"{BUCKETS}/(buckets\.sqlite|[0-9a-f]{{32}}/(bucket\.sqlite|([0-9a-f]{{2}})/\3[0-9a-f]{{30}}(/[0-9a-f]{{32}})?))"
)
_MAIL = re.compile(rf"{MAIL}/[0-9T-]{{19}}-[0-9a-f]{{8}}\.eml")
_CHUNK_BYTES = 1 << 20
_BLOCK = 512


async def archive(runtime: Runtime) -> AsyncIterator[bytes]:
    """A tar archive of the data folder of a server that runs, in pieces. Raises OSError."""
    data = runtime.settings.data
    scratch_root = data / SCRATCH
    scratch_root.mkdir(exist_ok=True)
    scratch = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=scratch_root))
    try:
        files = 0
        async for name, path in _copies(runtime, scratch):
            files += 1
            async for piece in _member(name, path):
                yield piece
        manifest = scratch / MANIFEST
        told = json.dumps({"version": VERSION, "files": files})
        await asyncio.to_thread(manifest.write_text, told)
        async for piece in _member(MANIFEST, manifest):
            yield piece
        yield bytes(2 * _BLOCK)
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


async def _copies(runtime: Runtime, scratch: Path) -> AsyncIterator[tuple[str, Path]]:
    """Each file of the archive by its name, where it can be read until the next is asked for."""
    data = runtime.settings.data
    copy = scratch / "copy"
    for name in PLAIN_FILES:
        if await asyncio.to_thread((data / name).exists):
            yield name, data / name
    # Those that come, or go, while the catalog is copied are among these, too.
    links = scratch / ASSETS
    await asyncio.to_thread(_link_assets, data / ASSETS, links)
    # Before the databases themselves, which are then younger than all marks of them.
    for name in await asyncio.to_thread(d1_pasts, data):
        if await asyncio.to_thread(_copy_past, data / name, copy):
            yield name, copy
    for name in (*SHARED, *await asyncio.to_thread(d1_files, data)):
        if await asyncio.to_thread((data / name).exists):
            await asyncio.to_thread(copy_database, data / name, copy, vfs=SHARED_VFS)
            yield name, copy
        if name == CATALOG:
            await asyncio.to_thread(_link_assets, data / ASSETS, links)
    from holdfast.storage.r2.copying import copy_buckets  # what has no buckets needs none of it

    buckets = scratch / BUCKETS
    await asyncio.to_thread(copy_buckets, data / BUCKETS, buckets)
    for path in await asyncio.to_thread(_files, buckets):
        yield f"{BUCKETS}/{path.relative_to(buckets)}", path
    for path in await asyncio.to_thread(lambda: sorted(links.glob("*/*"))):
        yield f"{ASSETS}/{path.parent.name}/{path.name}", path
    for path in await asyncio.to_thread(_link_mails, data / MAIL, scratch / MAIL):
        yield f"{MAIL}/{path.name}", path
    async for name, path in _objects(runtime, scratch):
        yield name, path


async def _objects(runtime: Runtime, scratch: Path) -> AsyncIterator[tuple[str, Path]]:
    """The files of all objects, and those that belong to their namespaces."""
    storage, copy = runtime.storage, scratch / "copy"
    objects = runtime.settings.data / OBJECTS
    for unique_key in await asyncio.to_thread(_folders, objects):
        for name, vfs in NAMESPACE_FILES.items():
            if await asyncio.to_thread((objects / unique_key / name).exists):
                used = SHARED_VFS if storage.is_shared else vfs
                await asyncio.to_thread(copy_database, objects / unique_key / name, copy, vfs=used)
                yield f"{OBJECTS}/{unique_key}/{name}", copy
        # Before the objects themselves, which are then younger than all marks of them.
        for past in await asyncio.to_thread(_pasts, objects / unique_key):
            if await asyncio.to_thread(_copy_past, past, copy):
                yield f"{OBJECTS}/{unique_key}/{past.name}", copy
        for object_id in await _done(partial(runtime.files.list, unique_key, None, 2**31)):
            async for name, path in _object(runtime, unique_key, object_id, scratch):
                yield f"{OBJECTS}/{unique_key}/{name}", path


def _link_assets(assets: Path, links: Path) -> None:
    for content in assets.glob("*/*"):
        _link(content, links / content.parent.name / content.name)


def _link_mails(mails: Path, links: Path) -> list[Path]:
    for mail in mails.glob("*.eml"):
        if _MAIL.fullmatch(f"{MAIL}/{mail.name}"):
            _link(mail, links / mail.name)
    return _files(links)


def _link(file: Path, link: Path) -> None:
    """Keep a file that never changes for as long as the archive is made, whoever removes it."""
    if link.exists():
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, link)
    except FileNotFoundError:
        pass  # it was swept
    except OSError:  # the file system has no links
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(file, link)
            shutil.copystat(file, link)


async def _object(
    runtime: Runtime, unique_key: str, object_id: str, scratch: Path
) -> AsyncIterator[tuple[str, Path]]:
    """The files of one object and its facets, by name."""
    folder = scratch / "object"

    async def copy() -> None:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        await asyncio.to_thread(folder.mkdir)
        await runtime.files.copy(unique_key, object_id, folder / f"{object_id}{DATABASE_SUFFIX}")

    try:
        await _done(copy)
    except FileNotFoundError:
        return  # it has removed everything meanwhile
    for path in await asyncio.to_thread(lambda: sorted(folder.iterdir())):
        yield path.name, path


async def _done(do: Callable[[], Awaitable[_Result]]) -> _Result:
    """What comes of doing it, again where an owner of objects has ended before it was done."""
    for tries_left in reversed(range(OWNER_TRIES)):
        try:
            return await do()
        except OwnerLost:
            if not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _folders(objects: Path) -> list[str]:
    if not objects.is_dir():
        return []
    return sorted(path.name for path in objects.iterdir() if path.is_dir() and path.name[0] != ".")


def _pasts(folder: Path) -> list[Path]:
    """Of all objects, also of those that hold nothing now; and who is to go back."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix in _PAST_SUFFIXES and database_name(f"{path.stem}{DATABASE_SUFFIX}")
    )


def _copy_past(past: Path, copy: Path) -> bool:
    """Copy one, with its time of change, which matters; False if it has gone meanwhile."""
    try:
        changed = past.stat().st_mtime
        if past.suffix == history.SUFFIX:
            copy_database(past, copy, vfs=SHARED_VFS)
        else:
            shutil.copyfile(past, copy)
    except FileNotFoundError:
        return False
    os.utime(copy, (changed, changed))
    return True


async def _member(name: str, path: Path) -> AsyncIterator[bytes]:
    info = tarfile.TarInfo(name)
    found = await asyncio.to_thread(path.stat)
    info.size, info.mtime = found.st_size, found.st_mtime
    info.mode = 0o600
    yield info.tobuf(tarfile.PAX_FORMAT)
    left = info.size
    with await asyncio.to_thread(path.open, "rb") as file:
        while left:
            piece = await asyncio.to_thread(file.read, min(left, _CHUNK_BYTES))
            if not piece:
                raise OSError(f"{path} became shorter while it was read")
            left -= len(piece)
            yield piece
    yield bytes(-info.size % _BLOCK)


def unpack(archive_file: Path, data: Path) -> Iterator[str]:
    """Make a data folder of an archive; the names of the files that it has taken in.

    `data` must be empty. Blocks. Raises ValueError for an archive that is none, and OSError.
    """
    told: dict[str, object] = {}
    files = 0
    try:
        with tarfile.open(archive_file) as tar:
            for member in tar:
                if member.name == MANIFEST and (content := tar.extractfile(member)):
                    told = json.loads(content.read())
                    continue
                if not member.isfile() or not _belongs(member.name):
                    raise ValueError(f"{archive_file} has {member.name!r}, which no backup has")
                _take_in(tar, member, data / member.name)
                files += 1
                yield member.name
    except (tarfile.TarError, EOFError) as error:
        why = str(error).partition(":\n")[0]  # without what each kind of compression says
        raise ValueError(f"{archive_file} is no backup, or a part of one: {why}") from error
    if told != {"version": VERSION, "files": files}:
        raise ValueError(f"{archive_file} is no backup, or a part of one: its end is missing")
    for folder in _folders(data / OBJECTS):
        list_alarms_anew(data / OBJECTS / folder)


def _take_in(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Write a file of an archive. `extract` has no filters before Python 3.11.4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    assert content, "it is a file"
    with open(path, "xb", opener=partial(os.open, mode=0o600)) as file:
        shutil.copyfileobj(content, file, _CHUNK_BYTES)
    os.utime(path, (member.mtime, member.mtime))


def _belongs(name: str) -> bool:
    parts = name.split("/")
    if len(parts) == 1:
        return name in (*PLAIN_FILES, *SHARED, D1_LIST)
    if parts[0] == BUCKETS:
        return _BUCKET_FILE.fullmatch(name) is not None
    if parts[0] == D1_FOLDER:
        kinds = (DATABASE_SUFFIX, history.SUFFIX)
        return len(parts) == 2 and any(is_d1_file(parts[1], kind) for kind in kinds)
    if parts[0] == MAIL:
        return _MAIL.fullmatch(name) is not None
    if parts[0] == ASSETS:
        return len(parts) == 3 and is_content(parts[2]) and parts[1] == parts[2][:2]
    if len(parts) != 3 or parts[0] != OBJECTS or parts[1].startswith("."):
        return False
    name = parts[2]
    for suffix in _PAST_SUFFIXES:
        if name.endswith(suffix):
            name = name.removesuffix(suffix) + DATABASE_SUFFIX
    return name in NAMESPACE_FILES or is_index(name) or database_name(name) is not None
