"""What is large is read and written on threads, and between its parts others have turns."""

import asyncio
import gzip
import threading

import aiohttp
import pytest

from holdfast.api import d1 as d1_handlers
from holdfast.api import envelope, key_value
from holdfast.api.form import parts_of
from holdfast.api.json_body import MAX_BODY_BYTES

ACCOUNT = "/client/v4/accounts/0123456789abcdef"
KV = f"{ACCOUNT}/storage/kv/namespaces"
D1 = f"{ACCOUNT}/d1/database"


@pytest.fixture
def at_work(monkeypatch):
    """The threads that have called a function of a module which was put there."""
    threads = set()

    def note(module, name):
        real = getattr(module, name)

        def noted(*arguments, **options):
            threads.add(threading.current_thread())
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, noted)
        return threads

    return note


async def call(api, method, path, **options):
    return await api.call(method, path, absolute=True, **options)


async def test_a_large_list_of_entries_is_read_on_a_thread(api, at_work):
    created = await call(api, "POST", KV, json={"title": "settings"})
    bulk = f"{KV}/{created.result['id']}/bulk"
    threads = at_work(key_value, "_bulk_entry")
    await call(api, "PUT", bulk, json=[{"key": "small", "value": "v"}])
    assert threads == {threading.current_thread()}
    threads.clear()
    many = [{"key": f"k{n}", "value": "v" * 1000} for n in range(100)]
    assert (await call(api, "PUT", bulk, json=many)).result["successful_key_count"] == 100
    assert threads and threading.current_thread() not in threads


async def test_many_values_are_written_on_a_thread_and_bounded(api, at_work, monkeypatch):
    created = await call(api, "POST", KV, json={"title": "settings"})
    namespace = f"{KV}/{created.result['id']}"
    await call(api, "PUT", f"{namespace}/bulk", json=[{"key": k, "value": "[1]"} for k in "ab"])
    threads = at_work(envelope, "dumps")
    ask = {"keys": ["a", "b", "c"], "type": "json"}
    answer = await call(api, "POST", f"{namespace}/bulk/get", json=ask)
    assert answer.result == {"values": {"a": [1], "b": [1], "c": None}}
    assert threads and threading.current_thread() not in threads
    monkeypatch.setattr(key_value, "MAX_VALUE_BYTES", 5)
    answer = await call(api, "POST", f"{namespace}/bulk/get", json=ask)
    assert (answer.status, "the limit of 25MB" in answer.error[1]) == (413, True)


async def test_a_large_query_is_read_on_a_thread(api, at_work):
    created = await call(api, "POST", D1, json={"name": "db"})
    database = f"{D1}/{created.result['uuid']}"
    monkeypatched = at_work(d1_handlers, "decode_query")
    query = {"sql": "SELECT length(?) AS n", "params": ["x" * 100_000]}
    answer = await call(api, "POST", f"{database}/query", json=query)
    assert answer.result[0]["results"] == [{"n": 100_000}]
    assert monkeypatched and threading.current_thread() not in monkeypatched


async def test_between_the_parts_of_a_form_others_have_turns():
    form = aiohttp.FormData({f"f{n}": "v" for n in range(3)}, default_to_multipart=True)()
    stream = aiohttp.StreamReader(
        aiohttp.base_protocol.BaseProtocol(asyncio.get_running_loop()), 1 << 16
    )

    class Sink:
        async def write(self, data):
            stream.feed_data(bytes(data))

    await form.write(Sink())
    stream.feed_eof()
    reader = aiohttp.MultipartReader({"Content-Type": form.content_type}, stream)
    turns = 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.ensure_future(others())
    names = [(part.name, await part.read()) async for part in parts_of(reader)]
    beside.cancel()
    assert names == [("f0", b"v"), ("f1", b"v"), ("f2", b"v")] and turns >= 3


async def test_a_body_of_json_may_be_gzip(api):
    packed = gzip.compress(b'{"title": "packed"}')
    headers = {"Content-Encoding": "gzip"}
    created = await call(api, "POST", KV, data=packed, headers=headers)
    assert created.result["title"] == "packed"
    for broken in (packed[:-9], b'{"title": "bare"}'):
        answer = await call(api, "POST", KV, data=broken, headers=headers)
        assert answer.status == 400 and "said to be gzip" in answer.error[1]


async def test_a_body_that_is_gzip_unpacks_to_no_more_than_it_may_be(api):
    bomb = gzip.compress(bytes(MAX_BODY_BYTES + 1))
    answer = await call(api, "POST", KV, data=bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status == 413 and "larger than the limit" in answer.error[1]


async def test_a_value_keeps_the_bytes_that_it_came_with(api):
    created = await call(api, "POST", KV, json={"title": "settings"})
    value = f"{KV}/{created.result['id']}/values/k"
    packed = gzip.compress(b"value")
    await call(api, "PUT", value, data=packed, headers={"Content-Encoding": "gzip"})
    assert (await call(api, "GET", value)).body == packed
