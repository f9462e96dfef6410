"""A running API over a real catalog and a platform that runs nothing."""

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from holdfast.api import ApiSettings, make_app
from holdfast.catalog import Catalog
from holdfast.storage.d1 import D1Databases, Pasts
from holdfast.storage.key_value import KeyValueStore
from holdfast.storage.r2 import Buckets
from tests.api.fakes import TOKEN, Api, FakePlatform, queues_in


@pytest.fixture
def catalog(tmp_path):
    with Catalog(tmp_path / "catalog.sqlite") as catalog:
        yield catalog


@pytest.fixture
async def platform(catalog, tmp_path):
    key_value = KeyValueStore(tmp_path / "kv.sqlite")
    buckets = Buckets(tmp_path / "r2")
    d1 = D1Databases(tmp_path, pasts=Pasts())
    queues = queues_in(tmp_path)
    yield FakePlatform(catalog, key_value, buckets, d1, queues)
    key_value.close()
    buckets.close()
    d1.close()
    await queues.aclose()


@pytest.fixture
def settings():
    return ApiSettings(TOKEN, max_script_bytes=200_000)


@pytest.fixture
async def api(platform, settings):
    server = TestServer(make_app(platform, settings))
    await server.start_server()
    async with aiohttp.ClientSession() as session:
        yield Api(str(server.make_url("")).rstrip("/"), session)
    await server.close()
