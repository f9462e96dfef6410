"""A running API over a real catalog and a platform that runs nothing."""

import shutil
import socket

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from holdfast.api import ApiServer, ApiSettings, make_app
from holdfast.api.s3.credentials import access_key_id, secret_access_key
from holdfast.catalog import Catalog
from holdfast.storage.d1 import D1Databases, Pasts
from holdfast.storage.key_value import KeyValueStore
from holdfast.storage.r2 import Buckets
from tests.api.fakes import TOKEN, Api, FakePlatform, queues_in
from tests.api.s3_client import S3, Signer


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
    await server.start_server(auto_decompress=False)  # as ApiServer
    async with aiohttp.ClientSession() as session:
        yield Api(str(server.make_url("")).rstrip("/"), session)
    await server.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder of buckets with one, `files`: to make one syncs the disk many times."""
    folder = tmp_path_factory.mktemp("made") / "r2"
    buckets = Buckets(folder)
    buckets.create("files", 0)
    buckets.close()
    return folder


@pytest.fixture
async def s3(made, tmp_path, platform, settings):
    """A client of S3, and a bucket `files`."""
    shutil.copytree(made, tmp_path / "r2")
    listener = socket.create_server(("127.0.0.1", 0))
    server = ApiServer(platform, settings)
    await server.start_on([listener])
    signer = Signer(access_key_id(TOKEN), secret_access_key(TOKEN))
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield S3(f"http://127.0.0.1:{listener.getsockname()[1]}", session, signer)
    await server.stop()
