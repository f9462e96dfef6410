"""A copy of all buckets, as each is at one moment, while they are used.

Contents are linked where the file system has links, since they never change. While a bucket is
copied, what it does not need any more stays: the next sweep removes it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import apsw

from holdfast.storage.makeshift import as_it_is
from holdfast.storage.portable import copy_database
from holdfast.storage.r2.bucket import DATABASE
from holdfast.storage.r2.buckets import DIRECTORY_FILE
from holdfast.storage.r2.contents import NEW, content_path, md5_of, pinned
from holdfast.storage.session import SHARED_VFS


def copy_buckets(folder: Path, target: Path) -> None:
    """Copy the buckets below a folder, if there are any. Blocks; raises StorageError, OSError."""
    if not (folder / DIRECTORY_FILE).exists():
        return
    target.mkdir(parents=True)
    copy_database(folder / DIRECTORY_FILE, target / DIRECTORY_FILE, vfs=SHARED_VFS)
    with closing(apsw.Connection(str(target / DIRECTORY_FILE))) as directory:
        rows: list[Any] = directory.execute("SELECT id FROM buckets").fetchall()
        for (bucket_id,) in rows:
            try:
                _copy_bucket(folder / bucket_id, target / bucket_id)
            except FileNotFoundError:  # it was just deleted
                shutil.rmtree(target / bucket_id, ignore_errors=True)
                directory.execute("DELETE FROM buckets WHERE id = ?", (bucket_id,))


def _copy_bucket(bucket: Path, target: Path) -> None:
    with pinned(bucket):
        target.mkdir()
        (bucket / DATABASE).stat()
        copy_database(bucket / DATABASE, target / DATABASE, vfs=SHARED_VFS)
        for name, _, _ in contents_of(target / DATABASE):
            copy = content_path(target, name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            for path in (content_path(bucket, name), bucket / NEW / name):
                with suppress(FileNotFoundError):
                    _link(path, copy)
                    break


def _link(path: Path, copy: Path) -> None:
    try:
        os.link(path, copy)
    except FileNotFoundError:
        raise
    except OSError:  # the file system has no links
        shutil.copyfile(path, copy)


def contents_of(database: Path) -> Iterator[tuple[str, int, str]]:
    """The contents that a copy of metadata names: `content` or `content/part`, size and MD5."""
    copy = as_it_is(database)
    assert copy is not None, "a copy has no log"
    with closing(copy) as db:
        rows: Any = db.execute("SELECT content, size, etag FROM objects WHERE NOT parts AND size")
        yield from rows
        rows = db.execute("SELECT content || '/' || name, size, etag FROM parts")
        yield from rows


def problems(bucket: Path, copy: Path) -> Iterator[str]:
    """What is wrong with the contents of a bucket, of whose metadata there is a copy."""
    for name, size, etag in contents_of(copy):
        for path in (content_path(bucket, name), bucket / NEW / name):
            if path.is_file():
                if path.stat().st_size != size or md5_of(path) != etag:
                    yield f"the content {name} is another one than it was"
                break
        else:
            yield f"the content {name} is missing"
