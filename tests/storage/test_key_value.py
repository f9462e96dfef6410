"""KV namespaces on real files."""

import pytest

from holdfast.storage import StorageError
from holdfast.storage.key_value import Entry, KeyValueNamespace, KeyValueStore

NOW = 1_700_000_000


@pytest.fixture
def store(tmp_path):
    store = KeyValueStore(tmp_path / "data" / "kv.sqlite")
    yield store
    store.close()


def keys(page):
    return [entry.key for entry in page[0]]


def test_reading_makes_no_file(store, tmp_path):
    assert store.get("n", "k", NOW) is None
    assert store.page("n", NOW, limit=10) == ([], False)
    assert store.namespaces() == []
    assert not (tmp_path / "data").exists()


def test_what_was_put_is_there_after_opening_again(store, tmp_path):
    store.put("n", [Entry("k", b"\0value", '{"a":1}', NOW + 60)], NOW)
    store.close()
    again = KeyValueStore(tmp_path / "data" / "kv.sqlite")
    assert again.get("n", "k", NOW) == Entry("k", b"\0value", '{"a":1}', NOW + 60)
    again.close()


def test_a_later_put_replaces_value_metadata_and_expiration(store):
    store.put("n", [Entry("k", b"1", '"m"', NOW + 60)], NOW)
    store.put("n", [Entry("k", b"2")], NOW)
    assert store.get("n", "k", NOW + 100) == Entry("k", b"2")


def test_an_expired_entry_is_gone_and_its_space_is_taken_back(store):
    store.put("n", [Entry("k", b"v", None, NOW + 60), Entry("l", b"v")], NOW)
    assert store.get("n", "k", NOW + 59) is not None
    assert store.get("n", "k", NOW + 60) is None
    assert keys(store.page("n", NOW + 60, limit=10)) == ["l"]
    store.put("n", [Entry("m", b"v")], NOW + 60)
    # Purged, not hidden: an earlier clock does not see it either.
    assert store.get("n", "k", NOW) is None


def test_namespaces_are_apart(store):
    store.put("a", [Entry("k", b"1")], NOW)
    assert store.get("b", "k", NOW) is None
    store.delete("b", ["k"])
    assert store.get("a", "k", NOW) is not None


def test_pages_come_in_the_order_of_utf8(store):
    names = ["a", "b/1", "b/2", "b/3", "b0", "é", "\U0001f600", "\uffff"]
    store.put("n", [Entry(name, b"") for name in reversed(names)], NOW)
    assert keys(store.page("n", NOW, limit=10)) == sorted(names, key=str.encode)
    first, more = store.page("n", NOW, prefix="b/", limit=2)
    assert ([e.key for e in first], more) == (["b/1", "b/2"], True)
    assert store.page("n", NOW, prefix="b/", after="b/2", limit=2) == ([Entry("b/3", b"")], False)


def test_all_entries_of_a_put_are_kept_or_none(store):
    def entries():
        yield Entry("a", b"1")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.put("n", entries(), NOW)
    assert store.get("n", "a", NOW) is None


def test_deleting_a_namespace_deletes_what_it_holds(store):
    store.put_namespace(KeyValueNamespace("n", "title"))
    store.put("n", [Entry("k", b"v")], NOW)
    store.delete_namespace("n")
    assert store.namespace("n") is None
    assert store.get("n", "k", NOW) is None


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "kv.sqlite").write_bytes(b"no database" * 1000)
    store = KeyValueStore(tmp_path / "kv.sqlite")
    with pytest.raises(StorageError, match=r"kv\.sqlite"):
        store.get("n", "k", NOW)
