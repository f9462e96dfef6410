"""What tests of the past share: what an object holds, and how it goes back."""

from tests.storage.conftest import Owner, Shard

DAY_MS = 86_400_000


async def put(owner: Owner, value: bytes) -> None:
    owner.store.put("k", value)
    owner.store.sql(bool).execute("CREATE TABLE IF NOT EXISTS t(v)", ())
    owner.store.sql(bool).execute("INSERT INTO t VALUES (?)", (value,))
    await owner.durable()


def held(owner: Owner) -> tuple[bytes | None, int]:
    value = owner.store.get("k")
    if value is None:
        return None, 0
    return value, int(owner.store.sql(bool).execute("SELECT count(*) FROM t", ()).rows[0][0])


def files(shard: Shard) -> set[str]:
    return {name.split(".", 1)[1] for name in shard.files()}


async def again(shard: Shard, owner: Owner) -> Owner:
    """The next owner, after the one before was reset."""
    owner.store.supersede(RuntimeError("reset"))
    return shard.owner()


async def back_to(shard: Shard, owner: Owner, time_ms: float) -> Owner:
    """The next owner, after going back to a time."""
    await owner.store.restore_at_next_opening(await owner.store.bookmark_at(time_ms))
    return await again(shard, owner)
