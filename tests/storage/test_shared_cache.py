"""One cache that several processes use."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.storage.cache import PIECE_BYTES, CachedResponse, ResponseCache

RESPONSE = CachedResponse(0, 200, "OK", "", 0, 0, 1 << 50)


@pytest.fixture
async def caches(tmp_path: Path) -> AsyncIterator[list[ResponseCache]]:
    both = [ResponseCache(tmp_path, is_shared=True) for _ in range(2)]
    yield both
    for cache in both:
        await cache.aclose()


async def put(cache: ResponseCache, key: str, *pieces: bytes) -> None:
    left = [*pieces, b""]

    async def read() -> bytes:
        return left.pop(0)

    await cache.put("scope", key, RESPONSE, read)


async def test_what_one_keeps_the_other_finds(caches: list[ResponseCache]) -> None:
    here, there = caches
    await put(here, "key", b"content")
    found = await there.match("scope", "key", 1)
    assert found is not None
    assert await there.piece(found.id, 0) == b"content"
    assert await here.delete("scope", "key", 1)
    assert await there.match("scope", "key", 1) is None


async def test_what_is_being_read_outlives_its_replacement_elsewhere(
    caches: list[ResponseCache],
) -> None:
    here, there = caches
    await put(here, "key", bytes(PIECE_BYTES), b"the end")
    found = await there.match("scope", "key", 1)
    assert found is not None
    await put(here, "key", b"another")
    assert await there.piece(found.id, 1) == b"the end"


async def test_one_that_opens_it_leaves_what_the_other_is_writing(
    caches: list[ResponseCache],
) -> None:
    here, there = caches
    opened = asyncio.Event()
    left = [bytes(PIECE_BYTES), b"the end", b""]

    async def read() -> bytes:
        if len(left) == 2:
            assert await there.match("scope", "key", 1) is None
            opened.set()
        return left.pop(0)

    await here.put("scope", "key", RESPONSE, read)
    assert opened.is_set()
    found = await there.match("scope", "key", 1)
    assert found is not None
    assert await there.piece(found.id, 0) == bytes(PIECE_BYTES)


async def test_both_may_keep_the_same_key_at_once(caches: list[ResponseCache]) -> None:
    await asyncio.gather(*(put(cache, "key", b"content") for cache in caches for _ in range(20)))
    for cache in caches:
        found = await cache.match("scope", "key", 1)
        assert found is not None
        assert await cache.piece(found.id, 0) == b"content"
