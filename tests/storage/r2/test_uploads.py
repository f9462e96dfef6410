"""Objects that come in parts."""

import hashlib

import pytest

from holdfast.storage import StorageError
from holdfast.storage.r2 import Buckets
from holdfast.storage.r2.commits import Commits
from holdfast.storage.r2.errors import (
    BadUpload,
    EntityTooSmall,
    InvalidPart,
    NoSuchUpload,
    R2Error,
)
from holdfast.storage.r2.uploads import EXPIRE_AFTER_MS, MIN_PART_BYTES
from tests.storage.r2.conftest import NO_METADATA, NOW, opened

PART = b"x" * MIN_PART_BYTES


def begin(hands, key="k"):
    return hands.use(lambda bucket: bucket.uploads.begin(key, NO_METADATA, NOW))


def complete(hands, upload, parts, key="k"):
    return hands.use(lambda bucket: bucket.uploads.complete(key, upload, parts, NOW))


def test_parts_become_an_object_in_the_order_of_their_numbers(hands):
    upload = begin(hands)
    last = hands.part("k", upload, 7, b"last")
    first = hands.part("k", upload, 2, PART)
    hands.part("k", upload, 9, b"unused")
    stored = complete(hands, upload, [(2, first), (7, last)])
    digest = hashlib.md5(bytes.fromhex(first) + bytes.fromhex(last)).hexdigest()
    assert stored.etag == f"{digest}-2"
    assert stored.size == MIN_PART_BYTES + 4
    assert hands.get("k") == PART + b"last"
    assert hands.get("k", {"offset": MIN_PART_BYTES - 1, "length": 3}) == b"xla"
    assert hands.get("k", {"suffix": 2}) == b"st"
    assert len(hands.files()) == 2
    hands.put("k", b"replaced")
    assert len(hands.files()) == 1


def test_a_reader_of_parts_goes_on_when_they_are_replaced(hands):
    upload = begin(hands)
    complete(hands, upload, [(1, hands.part("k", upload, 1, b"before"))])
    got = hands.use(lambda bucket: bucket.get("k"))
    with opened(got.content) as read:
        hands.put("k", b"after")
        assert read(got) == b"before"
        assert len(hands.files()) == 2
    hands.again().put("other", b"")
    assert len(hands.files()) == 2  # what nobody reads any more was swept


def test_a_part_that_comes_again_replaces_the_one_before(hands):
    upload = begin(hands)
    old = hands.part("k", upload, 1, b"old")
    new = hands.part("k", upload, 1, b"new")
    assert len(hands.files()) == 1
    with pytest.raises(InvalidPart):
        complete(hands, upload, [(1, old)])
    complete(hands, upload, [(1, new)])
    assert hands.get("k") == b"new"


def test_an_upload_that_has_ended_takes_no_part_and_can_be_aborted(hands):
    upload = begin(hands)
    complete(hands, upload, [(1, hands.part("k", upload, 1, b"v"))])
    with pytest.raises(NoSuchUpload):
        hands.part("k", upload, 2, b"v")
    with pytest.raises(NoSuchUpload):
        complete(hands, upload, [])
    hands.use(lambda bucket: bucket.uploads.abort("k", upload))
    assert hands.get("k") == b"v"
    with pytest.raises(R2Error) as error:
        hands.use(lambda bucket: bucket.uploads.abort("k", "never"))
    assert error.value.code == 10001


def test_an_aborted_upload_leaves_no_file(hands):
    upload = begin(hands)
    hands.part("k", upload, 1, b"v")
    hands.use(lambda bucket: bucket.uploads.abort("k", upload))
    assert hands.files() == []


def test_parts_of_other_sizes_make_no_object(hands):
    upload = begin(hands)
    small = hands.part("k", upload, 1, b"small")
    large = hands.part("k", upload, 2, PART)
    larger = hands.part("k", upload, 3, PART + b"x")
    for parts, error in [
        ([(1, small), (2, large)], EntityTooSmall),
        ([(2, large), (1, small)], BadUpload),
        ([(2, large), (3, larger)], BadUpload),
        ([(3, larger), (2, large)], BadUpload),
        ([(4, small)], InvalidPart),
        ([(1, small), (1, small)], R2Error),
    ]:
        with pytest.raises(error):
            complete(hands, upload, parts)


def test_an_upload_that_nobody_ends_expires(hands):
    upload = begin(hands)
    hands.part("k", upload, 1, b"v")
    hands.use(lambda bucket: bucket.uploads.expire(NOW + EXPIRE_AFTER_MS))
    hands.part("k", upload, 1, b"w")
    hands.use(lambda bucket: bucket.uploads.expire(NOW + EXPIRE_AFTER_MS + 1))
    with pytest.raises(NoSuchUpload):
        hands.part("k", upload, 1, b"v")
    assert hands.files() == []


def test_an_object_of_no_parts_is_empty(hands):
    stored = complete(hands, begin(hands), [])
    assert (stored.size, hands.get("k")) == (0, b"")


def test_an_upload_that_was_begun_and_nothing_else_leaves_no_folder(hands):
    upload = begin(hands)
    with (
        pytest.raises(RuntimeError),
        hands.use(lambda bucket: bucket.uploads.begin_part("k", upload)),
    ):
        raise RuntimeError
    folder = hands.folder / hands.buckets.info("bucket").id
    assert list(folder.glob("??/*")) == []
    hands.part("k", upload, 1, b"v")
    assert len(hands.files()) == 1


def test_an_upload_is_as_old_as_the_servers_clock_says(hands):
    later = Buckets(hands.folder, lambda: NOW + EXPIRE_AFTER_MS)
    sooner = Buckets(hands.folder, lambda: NOW)
    upload = begin(hands)
    for buckets in (sooner, later):  # each sweeps with its first change
        buckets.use("bucket", lambda bucket: bucket.delete(["none"]))
        buckets.close()
    hands.part("k", upload, 1, b"v")
    latest = Buckets(hands.folder, lambda: NOW + EXPIRE_AFTER_MS + 1)
    latest.use("bucket", lambda bucket: bucket.delete(["none"]))
    latest.close()
    with pytest.raises(NoSuchUpload):
        hands.part("k", upload, 2, b"v")


def test_a_part_waits_for_nobody_who_writes_until_it_is_kept(hands, monkeypatch):
    upload = begin(hands)

    def nobody(commits, change):
        raise AssertionError("nothing changes")

    with monkeypatch.context() as patched:
        patched.setattr(Commits, "run", nobody)
        new = hands.use(lambda bucket: bucket.uploads.begin_part("k", upload))
        with pytest.raises(NoSuchUpload):
            hands.use(lambda bucket: bucket.uploads.begin_part("other", upload))
    new.close()


def test_a_part_whose_commit_failed_is_there_if_a_crash_has_it_come_true(hands, monkeypatch):
    upload = begin(hands)
    hands.part("k", upload, 1, b"before")
    run = Commits.run

    def sync_fails(commits, change):
        run(commits, change)
        raise StorageError("Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Commits, "run", sync_fails)
        with pytest.raises(StorageError):
            hands.part("k", upload, 1, b"after")
    etag = hashlib.md5(b"after").hexdigest()
    hands.again()
    complete(hands, upload, [(1, etag)])
    assert hands.get("k") == b"after"
