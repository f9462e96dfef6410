"""Whatever arrives, the API answers in its usual shape, and never with a 500."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.api import ApiSettings, make_app
from holdfast.api.form import Part, _read_parts
from holdfast.api.metadata import parse_metadata
from holdfast.api.multipart import OutgoingPart, encode_form
from holdfast.api.upload import parse_upload
from holdfast.catalog import Catalog, UploadRejected
from holdfast.engine.modules import Module, ModuleKind
from holdfast.storage.d1 import D1Databases
from holdfast.storage.key_value import KeyValueStore
from holdfast.storage.r2 import Buckets
from tests.api.fakes import TOKEN, Api, FakePlatform, queues_in
from tests.patience import PATIENCE_S

FRAGMENTS = st.lists(
    st.sampled_from(
        [
            b"--x",
            b"--x--",
            b"\r\n",
            b"\n",
            b"\r\n\r\n",
            b'Content-Disposition: form-data; name="metadata"',
            b'Content-Disposition: form-data; name="a"; filename="main.mjs"',
            b"Content-Disposition: form-data; name*=utf-8''%ff; filename=a;b;c",
            b'Content-Disposition: form-data; name="_charset_"',
            b'Content-Disposition: form-data; name="\xff\x00"',
            b"Content-Type: application/javascript+module",
            b"Content-Type: multipart/form-data; boundary=x",
            b"Content-Transfer-Encoding: base64",
            b"Content-Encoding: gzip",
            b"Content-Length: 3",
            b'{"main_module": "main.mjs"}',
            b"export default {}",
        ]
    )
    | st.binary(max_size=40),
    max_size=25,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["main_module", "bindings", "name", "type", "text", "json", "migrations", "steps"]
            ),
            inner | st.sampled_from(["plain_text", "json", "inherit", "main.mjs"]),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@pytest.mark.slow
@given(bodies=st.lists(FRAGMENTS.map(b"".join), min_size=1, max_size=10))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_body_is_answered(tmp_path_factory, bodies):
    async def send():
        path = tmp_path_factory.mktemp("fuzz") / "catalog.sqlite"
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        key_value = KeyValueStore(path.with_name("kv.sqlite"))
        with Catalog(path) as catalog:
            server = TestServer(
                make_app(
                    FakePlatform(
                        catalog,
                        key_value,
                        Buckets(path.with_name("r2")),
                        D1Databases(path.parent),
                        queues_in(path.parent),
                    ),
                    ApiSettings(TOKEN),
                )
            )
            await server.start_server()
            async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE_S):
                api = Api(str(server.make_url("")).rstrip("/"), session)
                for body in bodies:
                    answer = await api.call("PUT", "/scripts/w", data=body, headers=headers)
                    assert answer.status in (200, 400), answer
                    assert answer.envelope["success"] is (answer.status == 200)
            await server.close()

    asyncio.run(send())


@given(content=st.binary(max_size=200))
def test_any_bytes_as_metadata_are_read_or_rejected(content):
    try:
        parse_metadata(content)
    except UploadRejected as error:
        assert error.message  # noqa: PT017 - either outcome is right


@given(value=JSON)
@settings(max_examples=50)
def test_any_json_as_metadata_is_read_or_rejected(value):
    try:
        parse_metadata(json.dumps(value).encode())
    except UploadRejected as error:
        assert error.message  # noqa: PT017 - either outcome is right


@given(
    parts=st.lists(
        st.builds(
            Part,
            field=st.sampled_from(["metadata", "script", ""]) | st.text(max_size=5),
            file_name=st.none() | st.sampled_from(["main.mjs", "", "./"]) | st.text(max_size=5),
            content_type=st.sampled_from(
                ["application/javascript+module", "application/json", "text/plain", "x"]
            ),
            content=st.sampled_from(
                [b'{"main_module": "main.mjs"}', b'{"body_part": "script"}', b"{", b""]
            )
            | st.binary(max_size=20),
        ),
        max_size=5,
    )
)
def test_any_parts_are_a_script_or_rejected(parts):
    try:
        upload = parse_upload(parts, max_script_bytes=100)
    except UploadRejected as error:
        assert error.message  # noqa: PT017 - either outcome is right
    else:
        assert upload.main in {module.name for module in upload.modules}


NAMES = st.text(min_size=1, max_size=20).filter(lambda name: name.isprintable() and name[0] != "/")


@given(modules=st.dictionaries(NAMES, st.binary(max_size=200), min_size=1, max_size=3))
@settings(max_examples=50)
def test_a_written_form_is_read_back(modules):
    """What the client writes, the server reads: names and contents alike."""
    outgoing = [
        OutgoingPart.of_module(Module(name, ModuleKind.DATA, content))
        for name, content in modules.items()
    ]
    content_type, body = encode_form(outgoing)

    async def read():
        stream = aiohttp.StreamReader(_Protocol(), 1 << 20, loop=asyncio.get_running_loop())
        stream.feed_data(body)
        stream.feed_eof()
        headers = {"Content-Type": content_type}
        return await _read_parts(aiohttp.MultipartReader(headers, stream))

    parts = asyncio.run(read())
    expected = [(name, content) for name, content in modules.items()]
    assert [(part.file_name, part.content) for part in parts] == expected


class _Protocol:
    """What a StreamReader asks of its connection: nothing, when all has arrived."""

    _reading_paused = False

    def pause_reading(self):
        """Nothing to pause."""

    def resume_reading(self, resume_parser=True):
        """Nothing to resume."""
