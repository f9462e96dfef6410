"""Objects on real files."""

import hashlib
import os
from pathlib import Path

import pytest

from holdfast.storage import StorageError
from holdfast.storage.r2 import Condition, contents
from holdfast.storage.r2.commits import Commits
from holdfast.storage.r2.conditions import Etag
from holdfast.storage.r2.contents import Contents
from holdfast.storage.r2.copying import copy_buckets
from holdfast.storage.r2.errors import (
    BadDigest,
    BucketExists,
    BucketNotEmpty,
    InvalidBucketName,
    InvalidObjectName,
    InvalidRange,
    MetadataTooLarge,
    NoRoom,
    NoSuchBucket,
    NoSuchKey,
    PreconditionFailed,
    TooManyKeys,
)
from holdfast.storage.r2.listing import Page
from tests.storage.r2.conftest import NO_METADATA, NOW, Hands, opened


def test_an_object_is_as_it_was_put(hands):
    put = hands.put("a/b", b"content", http={"contentType": "text/plain"}, custom={"k": "v"})
    assert hands.get("a/b") == b"content"
    assert put.etag == hashlib.md5(b"content").hexdigest()
    assert (put.size, put.uploaded, put.key) == (7, NOW, "a/b")
    again = hands.again()
    assert again.use(lambda bucket: bucket.head("a/b")) == put
    assert put.metadata.http == {"contentType": "text/plain"}
    assert put.metadata.custom == {"k": "v"}


def test_what_is_replaced_or_deleted_leaves_no_file(hands):
    hands.put("a", b"1")
    hands.put("a", b"2")
    assert (len(hands.files()), hands.get("a")) == (1, b"2")
    hands.use(lambda bucket: bucket.delete(["a", "none"]))
    assert hands.files() == []
    with pytest.raises(NoSuchKey):
        hands.get("a")


def test_a_reader_goes_on_with_the_version_that_it_has_opened(hands):
    hands.put("a", b"before")
    got = hands.use(lambda bucket: bucket.get("a"))
    with opened(got.content) as read:
        hands.put("a", b"after")
        hands.use(lambda bucket: bucket.delete(["a"]))
        assert read(got) == b"before"


def test_a_checksum_that_is_wrong_keeps_what_was_there(hands):
    hands.put("a", b"before")
    right = hashlib.sha256(b"after").hexdigest()
    with pytest.raises(BadDigest, match="SHA-256") as error:
        hands.put("a", b"after", checksums={"sha256": "0" * 64})
    assert right in error.value.message
    assert (hands.get("a"), len(hands.files())) == (b"before", 1)
    assert hands.put("a", b"after", checksums={"sha256": right}).checksums["sha256"] == right


def test_a_condition_that_does_not_hold_keeps_what_was_there(hands):
    etag = hands.put("a", b"before").etag
    with pytest.raises(PreconditionFailed):
        hands.put("a", b"after", condition=Condition(does_not_match=[Etag(etag)]))
    with pytest.raises(PreconditionFailed):
        hands.put("b", b"new", condition=Condition(matches=[Etag(None)]))
    assert (hands.get("a"), len(hands.files())) == (b"before", 1)
    hands.put("a", b"after", condition=Condition(matches=[Etag(etag)]))
    assert hands.get("a") == b"after"


def test_what_no_object_can_have_is_refused(hands):
    with pytest.raises(InvalidObjectName):
        hands.put("k" * 1025, b"")
    with pytest.raises(MetadataTooLarge):
        hands.put("k", b"", custom={"k": "ü" * 8192})
    with pytest.raises(InvalidRange):
        hands.get("k", {"offset": 1}) if hands.put("k", b"") else None
    with pytest.raises(TooManyKeys):
        hands.use(lambda bucket: bucket.delete(["k"] * 1001))


def test_what_was_begun_by_a_process_that_ended_is_swept(hands):
    hands.put("kept", b"1")
    new = hands.use(lambda bucket: bucket.begin("lost"))
    new.write(b"half")
    with new.committed():  # nobody removes it, as where the process is killed
        pass
    new.close()
    assert len(hands.files()) == 2
    hands.again().put("other", b"2")
    assert len(hands.files()) == 2
    assert hands.get("kept") == b"1"


def test_what_is_being_written_is_not_swept(hands):
    def do(bucket):
        with bucket.begin("slow") as new:
            new.write(b"slow")
            Hands(hands.folder).put("other", b"2")
            return bucket.put("slow", new, NO_METADATA, now_ms=NOW)

    hands.use(do)
    assert hands.get("slow") == b"slow"


def test_what_was_committed_and_not_settled_is_found_and_settled(hands, monkeypatch):
    with monkeypatch.context() as stopped:
        stopped.setattr(Contents, "settle", lambda self, name: None)
        hands.put("a", b"content")
    assert hands.files()[0].startswith("new/")
    assert hands.get("a") == b"content"
    hands.again().put("b", b"")
    assert not any(name.startswith("new/") for name in hands.files())
    assert hands.get("a") == b"content"


def test_garbage_that_a_process_left_is_swept(hands, monkeypatch):
    hands.put("a", b"1")
    with monkeypatch.context() as stopped:
        stopped.setattr(Contents, "remove", lambda self, names: [])
        hands.put("a", b"2")
    assert len(hands.files()) == 2
    hands.again().put("b", b"")
    assert len(hands.files()) == 2  # a and b
    assert hands.get("a") == b"2"


def test_a_full_disk_is_told_and_loses_nothing(hands, monkeypatch):
    hands.put("a", b"before")

    def full(fd, content):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("holdfast.storage.r2.contents.write_all", full)
    with pytest.raises(NoRoom):
        hands.put("a", b"after")
    assert (hands.get("a"), len(hands.files())) == (b"before", 1)


def test_buckets_are_created_listed_and_deleted(tmp_path):
    hands = Hands(tmp_path / "r2", "one")
    assert hands.buckets.all() == []
    assert not (tmp_path / "r2").exists()
    hands.buckets.create("one", NOW)
    hands.buckets.create("two", NOW)
    with pytest.raises(BucketExists):
        hands.buckets.create("one", NOW)
    with pytest.raises(InvalidBucketName):
        hands.buckets.create("../x", NOW)
    assert [info.name for info in hands.again().buckets.all()] == ["one", "two"]
    hands.put("k", b"v")
    with pytest.raises(BucketNotEmpty):
        hands.buckets.delete("one", NOW)
    hands.use(lambda bucket: bucket.delete(["k"]))
    hands.buckets.delete("one", NOW)
    with pytest.raises(NoSuchBucket):
        hands.get("k")
    with pytest.raises(NoSuchBucket):
        hands.put("k", b"v")
    assert len([*(tmp_path / "r2").iterdir()]) >= 2
    hands.buckets.close()


def test_a_process_that_has_a_deleted_bucket_open_turns_to_the_new_one(hands):
    other = Hands(hands.folder)
    other.put("k", b"v")
    other.use(lambda bucket: bucket.delete(["k"]))
    hands.buckets.delete("bucket", NOW)
    with pytest.raises(NoSuchBucket):
        other.put("k", b"lost?")
    hands.buckets.create("bucket", NOW)
    other.put("k", b"kept")
    assert hands.get("k") == b"kept"
    other.buckets.close()


def test_what_was_begun_for_a_bucket_that_was_deleted_goes_nowhere(hands):
    new = hands.use(lambda bucket: bucket.begin("k"))
    with new:
        new.write(b"lost")
        Hands(hands.folder).buckets.delete("bucket", NOW)
        Hands(hands.folder).buckets.create("bucket", NOW)
        with pytest.raises(NoSuchBucket):
            hands.use(lambda bucket: bucket.put("k", new, NO_METADATA, now_ms=NOW))
    with pytest.raises(NoSuchKey):
        hands.get("k")


def test_nothing_is_committed_that_is_not_on_the_disk(hands, monkeypatch):
    steps = []

    def noted(name, function):
        def call(*arguments, **options):
            steps.append(name)
            return function(*arguments, **options)

        return call

    monkeypatch.setattr(contents, "fsync", noted("content", contents.fsync))
    monkeypatch.setattr(contents.Folder, "sync", noted("folder", contents.Folder.sync))
    monkeypatch.setattr(Commits, "run", noted("commit", Commits.run))
    hands.put("first", b"1")
    steps.clear()
    hands.put("k", b"v")
    assert steps == ["content", "folder", "commit"]

    def broken(fd):
        raise OSError(5, os.strerror(5))

    monkeypatch.setattr(contents, "fsync", broken)
    with pytest.raises(StorageError, match="Input/output error"):
        hands.put("k", b"lost")
    assert (hands.get("k"), len(hands.files())) == (b"v", 2)


def test_a_commit_that_failed_and_is_there_after_a_crash_has_its_content(hands, monkeypatch):
    hands.put("k", b"before")
    run = Commits.run

    def sync_fails(commits, change):
        run(commits, change)  # what was written of it arrives without the sync
        raise StorageError("Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Commits, "run", sync_fails)
        with pytest.raises(StorageError):
            hands.put("k", b"after")
    again = hands.again()
    got = again.use(lambda bucket: bucket.get("k"))
    with opened(got.content) as read:
        assert read(got) == b"after"


def test_what_a_failed_commit_names_stays_until_another_one_was_made(hands, monkeypatch):
    hands.put("k", b"before")

    def no_sync(commits, change):
        raise StorageError("Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Commits, "run", no_sync)
        with pytest.raises(StorageError):
            hands.put("k", b"after")
        assert len(hands.files()) == 2
        with pytest.raises(StorageError):
            hands.again().use(lambda bucket: bucket.delete(["none"]))  # the sweep cannot commit
        assert len(hands.files()) == 2
    hands.again().put("other", b"")
    assert (hands.get("k"), len(hands.files())) == (b"before", 2)


def test_who_reads_waits_for_no_sweep(hands, monkeypatch):
    stranger = hands.folder / hands.buckets.info("bucket").id / "new" / ("0" * 32)
    stranger.touch()
    seen = []
    unlink = Path.unlink

    def unlinked(path, **options):
        seen.append(hands.use(lambda bucket: bucket.list(Page()).objects))
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", unlinked)
    hands.again().put("k", b"")
    assert seen == [[]] and not stranger.exists()


def test_many_keys_are_deleted_under_one_lock(hands, monkeypatch):
    for key in ("a", "b", "c"):
        hands.put(key, b"v")
    locked = []
    unpinned = contents._unpinned
    monkeypatch.setattr(contents, "_unpinned", lambda folder: locked.append(1) or unpinned(folder))
    hands.use(lambda bucket: bucket.delete(["a", "b", "c", "none"]))
    assert (locked, hands.files()) == ([1], [])


def test_folders_that_nobody_knows_are_removed(hands):
    stranger = hands.folder / "0123456789abcdef.deleted"
    stranger.mkdir()
    (stranger / "file").touch()
    hands.put("k", b"v")
    hands.buckets.create("another", NOW)
    assert not stranger.exists()
    assert hands.get("k") == b"v"


def test_a_copy_has_no_folder_for_what_is_new_and_works_all_the_same(hands, tmp_path):
    for key in ("a", "b", "empty"):
        hands.put(key, b"" if key == "empty" else b"v")
    copy_buckets(hands.folder, tmp_path / "copy")
    copy = Hands(tmp_path / "copy")
    copy.use(lambda bucket: bucket.delete(["a"]))
    assert (copy.get("b"), copy.get("empty")) == (b"v", b"")
    copy.put("a", b"new")
    assert (copy.get("a"), hands.get("a")) == (b"new", b"v")
    copy.buckets.close()


@pytest.mark.parametrize("metadata", ["sound", "empty", "damaged"])
def test_a_list_of_buckets_that_is_lost_takes_no_object_with_it(hands, metadata):
    hands.put("a", b"precious")
    bucket_id = hands.buckets.info("bucket").id
    hands.buckets.close()
    (hands.folder / "buckets.sqlite").unlink()
    database = hands.folder / bucket_id / "bucket.sqlite"
    match metadata:
        case "empty":
            os.truncate(database, 0)
        case "damaged":
            database.write_bytes(b"damaged" * 1000)
    again = hands.again().buckets
    again.create("another", NOW)
    assert [path.name for path in hands.folder.glob(f"{bucket_id}/??/*")]


def test_the_empty_key_is_listed_and_a_page_may_end_behind_it(hands):
    for key in ("", "a"):
        hands.put(key)

    def keys(**page):
        found = hands.use(lambda bucket: bucket.list(Page(**page)))
        return [each.key for each in found.objects], found.cursor

    assert keys() == (["", "a"], "")
    first, cursor = keys(limit=1)
    assert first == [""]
    assert keys(limit=1, cursor=cursor) == (["a"], "")
    assert keys(start_after="a") == ([], "")
