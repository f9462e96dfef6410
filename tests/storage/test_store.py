"""Keys and values, as an object's owner sees them."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.storage import LocalBarrier, Storage, StorageError, TransactionConflict
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, object_id

KEYS = st.text(st.sampled_from("ab\0\x7f\u0080\uffff\ud800\udfff\U00010000\U0010ffff"), max_size=3)
BOUND = st.none() | KEYS


async def test_an_empty_store_has_nothing(owner: Owner) -> None:
    store = owner.store
    assert store.get("key") is None
    assert store.get_many(["a", "b"]) == []
    assert store.list() == []
    assert store.delete("key") is False
    assert store.delete_many(["a"]) == 0
    assert store.delete_all() == 0
    assert store.flush() == 0


async def test_what_was_put_is_read_at_once(owner: Owner) -> None:
    owner.store.put("key", b"value")
    owner.store.put("key", b"another")
    assert owner.store.get("key") == b"another"
    owner.store.put("", b"")
    assert owner.store.get("") == b""


async def test_several_keys_come_back_in_order_and_once(owner: Owner) -> None:
    owner.store.put_many([("b", b"2"), ("a", b"1"), ("é", b"3")])
    found = owner.store.get_many(["é", "b", "missing", "a", "b"])
    assert found == [("a", b"1"), ("b", b"2"), ("é", b"3")]


async def test_deleting_tells_what_was_there(owner: Owner) -> None:
    owner.store.put_many([("a", b"1"), ("b", b"2"), ("c", b"3")])
    assert owner.store.delete("a") is True
    assert owner.store.delete("a") is False
    assert owner.store.delete_many(["a", "b", "c", "b"]) == 2
    assert owner.store.list() == []


async def test_deleting_what_is_not_there_writes_nothing(owner: Owner) -> None:
    owner.store.put("a", b"1")
    await owner.durable()
    assert owner.store.delete("b") is False
    assert owner.store.written == owner.store.durable == 1


async def test_keys_with_lone_surrogates_are_keys_like_others(owner: Owner) -> None:
    keys = ["\ud800", "a\udfff", "\ufffd", "\U0001f600"]
    owner.store.put_many((key, key.encode("utf-8", "surrogatepass")) for key in keys)
    assert [key for key, _ in owner.store.list()] == sorted(keys)
    assert owner.store.get("\ud800") == b"\xed\xa0\x80"
    assert owner.store.list(prefix="a\udfff") == [("a\udfff", b"a\xed\xbf\xbf")]
    assert owner.store.delete("\ud800") is True
    assert owner.store.get("\ud800") is None


async def test_several_values_are_put_all_or_none(owner: Owner) -> None:
    owner.store.put("a", b"old")
    with pytest.raises(TypeError):
        owner.store.put_many([("a", b"new"), ("b", object())])  # type: ignore[list-item]
    assert owner.store.list() == [("a", b"old")]


async def test_deleting_all_leaves_a_store_that_works(owner: Owner) -> None:
    owner.store.put_many((str(number), b"x" * 100) for number in range(500))
    owner.store.delete_all()
    assert owner.store.list() == []
    owner.store.put("a", b"1")
    assert owner.store.list() == [("a", b"1")]


@settings(max_examples=60)
@given(
    entries=st.dictionaries(KEYS, st.binary(max_size=3), max_size=12),
    start=BOUND,
    start_after=BOUND,
    end=BOUND,
    prefix=BOUND,
    reverse=st.booleans(),
    limit=st.none() | st.integers(0, 4),
)
def test_listing_agrees_with_a_sorted_dict(
    entries: dict[str, bytes],
    start: str | None,
    start_after: str | None,
    end: str | None,
    prefix: str | None,
    reverse: bool,
    limit: int | None,
) -> None:
    wanted = sorted(
        (
            pair
            for pair in entries.items()
            if (start is None or pair[0] >= start)
            and (start_after is None or pair[0] > start_after)
            and (end is None or pair[0] < end)
            and (prefix is None or pair[0].startswith(prefix))
        ),
        reverse=reverse,
    )[:limit]

    async def listed(folder: Path) -> list[tuple[str, bytes]]:
        shard = Shard(folder)
        store = shard.owner().store
        store.put_many(entries.items())
        found = store.list(
            start=start,
            start_after=start_after,
            end=end,
            prefix=prefix,
            reverse=reverse,
            limit=limit,
        )
        store.delete_all()
        await shard.storage.aclose()
        return found

    with tempfile.TemporaryDirectory() as folder:
        assert asyncio.run(listed(Path(folder))) == wanted


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.binary(max_size=3)),
        st.tuples(st.just("delete"), KEYS),
        st.tuples(st.just("delete_all")),
        st.tuples(st.sampled_from(["begin", "commit", "rollback", "flush", "tick", "reopen"])),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(STEPS)
def test_any_sequence_of_steps_agrees_with_a_stack_of_dicts(steps: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_compare(Path(folder), steps))


async def _compare(folder: Path, steps: list[tuple[str, ...]]) -> None:
    shard = Shard(folder, max_open=1)
    owner = shard.owner()
    model: list[dict[str, object]] = [{}]  # the committed state, then one per transaction
    for name, *arguments in steps:
        store = owner.store
        if name == "put":
            store.put(*arguments)  # type: ignore[arg-type]
            model[-1][arguments[0]] = arguments[1]
        elif name == "delete":
            assert store.delete(arguments[0]) == (arguments[0] in model[-1])
            model[-1].pop(arguments[0], None)
        elif name == "delete_all":
            store.delete_all()
            model[-1].clear()
        elif name == "begin":
            store.begin()
            model.append(dict(model[-1]))
        elif name in {"commit", "rollback"} and len(model) > 1:
            getattr(store, name)()
            top = model.pop()
            if name == "commit":
                model[-1] = top
        elif name == "flush":
            store.flush()
        elif name == "tick":
            # Another object takes the only connection, where that is allowed.
            shard.owner(2).store.get("x")
            await asyncio.sleep(0)
        elif name == "reopen":
            await shard.reopen()
            owner, model = shard.owner(), model[:1]
        assert owner.store.list() == sorted(model[-1].items())
    await shard.reopen()
    assert shard.owner().store.list() == sorted(model[0].items())
    await shard.storage.aclose()


# ---- transactions ----------------------------------------------------------------------


async def test_a_rolled_back_transaction_leaves_no_trace(owner: Owner) -> None:
    owner.store.put("a", b"1")
    owner.store.begin()
    owner.store.put("a", b"2")
    owner.store.put("b", b"3")
    owner.store.rollback()
    assert owner.store.list() == [("a", b"1")]


async def test_an_inner_rollback_keeps_what_the_outer_wrote(owner: Owner) -> None:
    store = owner.store
    store.begin()
    store.put("outer", b"1")
    store.begin()
    store.put("inner", b"2")
    store.begin()
    store.delete("outer")
    store.rollback()
    assert store.list() == [("inner", b"2"), ("outer", b"1")]
    store.rollback()
    store.commit()
    assert store.list() == [("outer", b"1")]


async def test_an_outer_rollback_undoes_what_an_inner_committed(owner: Owner) -> None:
    store = owner.store
    store.begin()
    store.begin()
    store.put("inner", b"1")
    store.commit()
    store.rollback()
    assert store.list() == []


async def test_what_was_written_before_is_not_held_back_by_a_transaction(owner: Owner) -> None:
    written = owner.store.put("before", b"1")
    owner.store.begin()
    assert owner.store.put("inside", b"2") == written
    await owner.durable(written)
    assert owner.store.written == owner.store.durable == written
    assert owner.store.commit() == written + 1
    await owner.durable(written + 1)


async def test_a_transaction_that_only_reads_belongs_to_no_round(owner: Owner) -> None:
    owner.store.begin()
    assert owner.store.get("a") is None
    assert owner.store.commit() == 0


async def test_flushing_leaves_an_open_transaction_open(owner: Owner) -> None:
    owner.store.begin()
    owner.store.put("a", b"1")
    assert owner.store.flush() == 0
    owner.store.rollback()
    assert owner.store.get("a") is None


async def test_ending_what_was_not_begun_is_a_mistake_of_the_caller(owner: Owner) -> None:
    with pytest.raises(AssertionError, match="without begin"):
        owner.store.commit()
    with pytest.raises(AssertionError, match="without begin"):
        owner.store.rollback()


async def test_a_conflict_is_a_storage_error_that_callers_can_tell(tmp_path: Path) -> None:
    assert issubclass(TransactionConflict, StorageError)


async def test_a_store_is_for_a_storage_that_is_open(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    storage = Storage(tmp_path, barrier=LocalBarrier(loop))
    await storage.aclose()
    with pytest.raises(AssertionError, match="open"):
        storage.open(UNIQUE_KEY, object_id(), on_durable=print, on_broken=print)
