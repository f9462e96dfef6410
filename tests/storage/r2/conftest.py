"""A bucket on real files, and the shortest ways to use it."""

import os
from contextlib import contextmanager

import pytest

from holdfast.storage.r2 import Buckets, Metadata
from holdfast.storage.r2.bucket import FileSlice

NOW = 1_700_000_000_000
NO_METADATA = Metadata({}, {})


class Hands:
    """Objects of one bucket as bytes."""

    def __init__(self, folder, name="bucket"):
        self.folder = folder
        self.name = name
        self.buckets = Buckets(folder, lambda: NOW)

    def use(self, do):
        return self.buckets.use(self.name, do)

    def put(self, key, content=b"", *, http=None, custom=None, now=NOW, **options):
        def do(bucket):
            with bucket.begin(key, list(options.get("checksums", ()))) as new:
                new.write(content)
                return bucket.put(
                    key, new, Metadata(http or {}, custom or {}), now_ms=now, **options
                )

        return self.use(do)

    def get(self, key, wanted=None, **options):
        got = self.use(lambda bucket: bucket.get(key, wanted, **options))
        with opened(got.content) as read:
            return read(got)

    def part(self, key, upload, number, content):
        def do(bucket):
            with bucket.uploads.begin_part(key, upload) as new:
                new.write(content)
                return bucket.uploads.put_part(key, upload, number, new)

        return self.use(do)

    def files(self):
        """How many files there are below the bucket's folder, without those of SQLite."""
        folder = self.folder / self.buckets.info(self.name).id
        return sorted(
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith("bucket.sqlite")
        )

    def again(self):
        """As a process that starts anew."""
        self.buckets.close()
        self.buckets = Buckets(self.folder, lambda: NOW)
        return self


@contextmanager
def opened(content):
    """A function that reads what was got; closes it in the end."""

    def read(got):
        if isinstance(content, FileSlice):
            return os.pread(content.fd, len(got.range), content.start)
        pieces = []
        for part in content.parts:
            fd = content.open(part)
            pieces.append(os.pread(fd, part.length, part.start))
            os.close(fd)
        return b"".join(pieces)

    try:
        yield read
    finally:
        os.close(content.fd) if isinstance(content, FileSlice) else content.close()


@pytest.fixture
def hands(tmp_path):
    hands = Hands(tmp_path / "r2")
    hands.buckets.create("bucket", NOW)
    yield hands
    hands.buckets.close()
