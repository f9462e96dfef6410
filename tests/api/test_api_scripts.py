import asyncio
import dataclasses
import json
import re

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from holdfast.api import make_app
from holdfast.catalog import Json, ObjectNamespace, PlainText, SecretText, Service, Syntax
from holdfast.engine.modules import Module, ModuleKind
from tests.api.fakes import ACCOUNT, ESM, MAIN, TOKEN, esm, form

SERVICE_WORKER = 'addEventListener("fetch", event => {});'


async def test_a_module_worker_is_made_live(api, platform):
    answer = await api.upload("counter", {**MAIN, "compatibility_date": "2024-01-31"}, esm())
    assert answer.status == 200
    result = answer.result
    assert result["id"] == "counter"
    assert result["handlers"] == ["fetch"]
    assert result["startup_time_ms"] == 3
    assert result["has_modules"] is True
    assert len(result["etag"]) == 64
    assert len(result["deployment_id"]) == 32
    assert result["created_on"] == result["modified_on"]
    script = platform.live["counter"]
    assert script.syntax is Syntax.MODULES
    assert script.main == "main.mjs"
    assert script.compatibility_date == "2024-01-31"
    assert platform.catalog.script("counter") == script


@pytest.mark.parametrize(
    ("content_type", "content", "syntax"),
    [
        ("application/javascript", SERVICE_WORKER, Syntax.SERVICE_WORKER),
        ("text/javascript", SERVICE_WORKER, Syntax.SERVICE_WORKER),
        (ESM, "export default {}", Syntax.MODULES),
    ],
)
async def test_body_part_names_a_field_in_either_syntax(
    api, platform, content_type, content, syntax
):
    part = ("script", "calling-worker.js", content_type, content)
    answer = await api.upload("caller", {"body_part": "script"}, part)
    assert answer.result["handlers"] == ["fetch"]
    assert platform.live["caller"].syntax is syntax
    assert platform.live["caller"].main == "calling-worker.js"


async def test_every_content_type_becomes_its_kind_of_module(api, platform):
    answer = await api.upload(
        "kinds",
        MAIN,
        esm(),
        ("a", "lib/a.js", "text/javascript+module", "export {}"),
        ("b", "b.cjs", "application/javascript", "module.exports = 1"),
        ("c", "c.json", "application/json", '{"c": 1}'),
        ("d", "d.txt", "text/plain; charset=utf-8", "d"),
        ("e", "e.bin", "application/octet-stream", bytes(range(256))),
        ("f", "f.wasm", "application/wasm", b"\0asm"),
        ("main.mjs.map", "main.mjs.map", "application/source-map", "{}"),
    )
    assert "main.mjs.map" in answer.envelope["messages"][0]["message"]
    assert [(m.name, m.kind) for m in platform.live["kinds"].modules] == [
        ("main.mjs", ModuleKind.ESM),
        ("lib/a.js", ModuleKind.ESM),
        ("b.cjs", ModuleKind.COMMONJS),
        ("c.json", ModuleKind.JSON),
        ("d.txt", ModuleKind.TEXT),
        ("e.bin", ModuleKind.DATA),
        ("f.wasm", ModuleKind.WASM),
    ]
    assert platform.live["kinds"].modules[5].content == bytes(range(256))


async def test_a_part_without_a_file_name_is_named_by_its_field(api, platform):
    boundary = "xyz"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n'
        '{"main_module": "./worker.js"}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="worker.js"\r\n'
        f"Content-Type: {ESM}\r\n\r\nexport default {{}}\r\n--{boundary}--\r\n"
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = await api.call("PUT", "/scripts/nameless", data=body.encode(), headers=headers)
    assert answer.result["handlers"] == ["fetch"]
    expected = Module("worker.js", ModuleKind.ESM, b"export default {}")
    assert platform.live["nameless"].modules == (expected,)


async def test_bindings_reach_the_script(api, platform):
    await api.upload("counter", MAIN, esm())
    namespace = await platform.create_namespace("objects", "counter", "Counter")
    await api.upload(
        "bound",
        {
            **MAIN,
            "bindings": [
                {"type": "plain_text", "name": "TEXT", "text": ""},
                {"type": "secret_text", "name": "SECRET", "text": "s3cret"},
                {"type": "json", "name": "JSON", "json": {"a": [1, None]}},
                {"type": "service", "name": "OTHER", "service": "counter"},
                {"type": "service", "name": "SELF", "service": "bound", "entrypoint": "Admin"},
                {
                    "type": "durable_object_namespace",
                    "name": "BY_ID",
                    "namespace_id": namespace.id,
                },
                {
                    "type": "durable_object_namespace",
                    "name": "BY_CLASS",
                    "class_name": "Counter",
                    "script_name": "counter",
                },
            ],
        },
        esm(),
    )
    assert platform.live["bound"].bindings == (
        PlainText("TEXT", ""),
        SecretText("SECRET", "s3cret"),
        Json("JSON", '{"a": [1, null]}'),
        Service("OTHER", "counter"),
        Service("SELF", "bound", "Admin"),
        ObjectNamespace("BY_ID", namespace.id),
        ObjectNamespace("BY_CLASS", namespace.id),
    )


async def test_a_class_bound_by_name_gets_one_namespace_and_keeps_it(api, platform):
    binding = {"type": "durable_object_namespace", "name": "C", "class_name": "Counter"}
    await api.upload("counter", {**MAIN, "bindings": [binding]}, esm())
    [namespace] = platform.catalog.namespaces()
    assert (namespace.script, namespace.class_name) == ("counter", "Counter")
    await api.upload("counter", {**MAIN, "bindings": [binding]}, esm())
    await api.upload("other", {**MAIN, "bindings": [{**binding, "script_name": "counter"}]}, esm())
    assert platform.catalog.namespaces() == [namespace]
    assert platform.live["other"].bindings == (ObjectNamespace("C", namespace.id),)


async def test_a_migration_says_which_classes_use_sqlite(api, platform):
    source = "export default {}; export class A {}; export class B {}"
    migrations = {"new_tag": "v1", "steps": [{"new_classes": ["A"], "new_sqlite_classes": ["B"]}]}
    await api.upload("two", {**MAIN, "migrations": migrations}, esm(content=source))
    found = {n.class_name: n.use_sqlite for n in platform.catalog.namespaces()}
    assert found == {"A": False, "B": True}


async def test_bindings_are_kept_and_inherited_when_asked_for(api, platform):
    bindings = [
        {"type": "secret_text", "name": "SECRET", "text": "s3cret"},
        {"type": "plain_text", "name": "OLD", "text": "old"},
        {"type": "plain_text", "name": "GONE", "text": "gone"},
    ]
    await api.upload("w", {**MAIN, "bindings": bindings}, esm())
    inherit = {"type": "inherit", "name": "NEW", "old_name": "OLD"}
    metadata = {**MAIN, "bindings": [inherit], "keep_bindings": ["secret_text"]}
    await api.upload("w", metadata, esm())
    assert platform.live["w"].bindings == (PlainText("NEW", "old"), SecretText("SECRET", "s3cret"))


async def test_secrets_are_never_told(api):
    bindings = [
        {"type": "secret_text", "name": "SECRET", "text": "s3cret"},
        {"type": "plain_text", "name": "TEXT", "text": "text"},
    ]
    answers = [await api.upload("w", {**MAIN, "bindings": bindings}, esm())]
    paths = ("", "/w", "/w/settings", "/w/bindings", "/w/secrets")
    answers += [await api.call("GET", f"/scripts{path}") for path in paths]
    assert [answer.status for answer in answers] == [200] * 6
    assert not any(b"s3cret" in answer.body for answer in answers)
    assert answers[-1].result == [{"name": "SECRET", "type": "secret_text"}]
    assert answers[-2].result == [{"name": "SECRET", "type": "secret_text"}, bindings[1]]


async def test_settings_name_the_class_of_a_namespace(api):
    binding = {"type": "durable_object_namespace", "name": "C", "class_name": "Counter"}
    await api.upload("counter", {**MAIN, "bindings": [binding]}, esm())
    settings = (await api.call("GET", "/scripts/counter/settings")).result
    [listed] = settings["bindings"]
    assert listed["class_name"] == "Counter"
    assert listed["script_name"] == "counter"


async def test_a_module_worker_is_downloaded_as_a_form_of_its_modules(api):
    await api.upload("w", MAIN, esm(), ("d", "d.bin", "application/octet-stream", b"\r\n--\0"))
    async with api.session.get(
        f"{api.base}{ACCOUNT}/scripts/w", headers={"Authorization": f"Bearer {TOKEN}"}
    ) as response:
        assert response.headers["CF-Entrypoint"] == "main.mjs"
        reader = aiohttp.MultipartReader.from_response(response)
        parts = []
        while part := await reader.next():
            content = bytes(await part.read())
            parts.append((part.name, part.filename, part.headers["Content-Type"], content))
    assert parts == [
        ("main.mjs", "main.mjs", ESM, esm()[3].encode()),
        ("d.bin", "d.bin", "application/octet-stream", b"\r\n--\0"),
    ]


async def test_a_service_worker_is_downloaded_as_its_text(api):
    part = ("script", "w.js", "application/javascript", SERVICE_WORKER)
    await api.upload("w", {"body_part": "script"}, part)
    answer = await api.call("GET", "/scripts/w")
    assert answer.headers["Content-Type"] == "application/javascript"
    assert answer.body.decode() == SERVICE_WORKER


async def test_scripts_are_listed_by_name(api):
    assert (await api.call("GET", "/scripts")).result == []
    await api.upload("b", MAIN, esm())
    uploaded = (await api.upload("a", MAIN, esm())).result
    del uploaded["startup_time_ms"]
    listed = (await api.call("GET", "/scripts")).result
    assert [script["id"] for script in listed] == ["a", "b"]
    assert listed[0] == uploaded


async def test_a_deleted_script_is_gone(api, platform):
    await api.upload("w", MAIN, esm())
    assert (await api.call("DELETE", "/scripts/w")).result == {"id": "w"}
    assert platform.live == {}
    for method in ("GET", "DELETE"):
        answer = await api.call(method, "/scripts/w")
        assert answer.status == 404
        assert answer.error == (10007, 'There is no Worker named "w".')


async def test_a_script_that_others_use_is_deleted_by_force_only(api):
    await api.upload("used", MAIN, esm())
    binding = {"type": "service", "name": "USED", "service": "used"}
    await api.upload("user", {**MAIN, "bindings": [binding]}, esm())
    answer = await api.call("DELETE", "/scripts/used")
    assert answer.status == 409
    code, message = answer.error
    assert code == 10064
    assert "user (as USED)" in message
    assert (await api.call("GET", "/scripts/used")).status == 200
    assert (await api.call("DELETE", "/scripts/used?force=true")).status == 200


async def test_a_script_whose_objects_hold_data_is_deleted_by_force_only(api, platform):
    await api.upload("counter", MAIN, esm())
    namespace = await platform.create_namespace("objects", "counter", "Counter")
    platform.objects[namespace.id] = ["a" * 64]
    code, message = (await api.call("DELETE", "/scripts/counter")).error
    assert code == 10064
    assert '"objects"' in message
    assert "?force=true" in message
    assert (await api.call("DELETE", "/scripts/counter?force=true")).status == 200
    assert platform.catalog.namespaces() == []


BAD_UPLOADS = {
    "no metadata": (None, [esm()], 10021, 'no part named "metadata". Found: "main.mjs"'),
    "metadata that is no JSON": (
        '{\n  "main_module": oops\n}',
        [esm()],
        10021,
        "line 2, column 18",
    ),
    "metadata that is no UTF-8": (b'{"main_module": "\xff"}', [esm()], 10021, "not valid JSON"),
    "metadata that is no object": ("[]", [esm()], 10021, "must be a JSON object"),
    "metadata nested too deeply": ("[" * 100_000, [esm()], 10021, "nested too deeply"),
    "a huge number": ('{"a": ' + "9" * 5000 + "}", [esm()], 10021, "not valid JSON"),
    "neither main": ({}, [esm()], 10021, '"main_module"'),
    "both mains": ({**MAIN, "body_part": "main.mjs"}, [esm()], 10021, "either"),
    "main of a wrong type": ({"main_module": 7}, [esm()], 10021, "metadata.main_module"),
    "a main module that is missing": (
        {"main_module": "other.mjs"},
        [("script", "main.mjs", ESM, "")],
        10021,
        'names "other.mjs".*Found: "main.mjs" \\(part "script"\\)',
    ),
    "a body part that is missing": ({"body_part": "script"}, [esm()], 10021, 'names "script"'),
    "no modules": (MAIN, [], 10021, "Found: none"),
    "a main module of a wrong type": (
        MAIN,
        [("main.mjs", "main.mjs", "application/javascript", "")],
        10021,
        "send it as application/javascript\\+module",
    ),
    "a body part of a wrong type": (
        {"body_part": "script"},
        [("script", "s.js", "application/octet-stream", "")],
        10021,
        "application/javascript \\(a service worker\\)",
    ),
    "two modules of a name": (MAIN, [esm(), esm()], 10021, 'modules named "main.mjs"'),
    "a module of an unknown type": (
        MAIN,
        [esm(), ("a", "a.png", "image/png", "")],
        10021,
        "'image/png'",
    ),
    "a Python module": (MAIN, [esm(), ("a", "a.py", "text/x-python", "")], 10021, "Python"),
    "a reserved name": (MAIN, [esm(), ("a", "cloudflare:x", ESM, "")], 10021, "reserved"),
    "JSON with an error": (
        MAIN,
        [esm(), ("a", "lib/a.json", "application/json", '{\n"a": }')],
        10021,
        "lib/a.json:2:6",
    ),
    "a script that is no UTF-8": (MAIN, [esm(content=b"1\n2\n\xff")], 10021, "main.mjs:3"),
    "a syntax error": (MAIN, [esm(content="export default {}\nSYNTAX ERROR")], 10021, "mjs:2"),
    "no handlers": (
        MAIN,
        [esm(content="export class Counter {}")],
        10068,
        "The uploaded script has no registered event handlers",
    ),
    "a date that is none": (
        {**MAIN, "compatibility_date": "2024-02-30"},
        [esm()],
        10021,
        "compatibility_date",
    ),
    "flags that are no list": (
        {**MAIN, "compatibility_flags": "x"},
        [esm()],
        10021,
        "compatibility_flags must be a list",
    ),
    "assets": ({**MAIN, "assets": {"jwt": "x"}}, [esm()], 10021, "metadata.assets"),
    "a renamed class": (
        {**MAIN, "migrations": {"renamed_classes": [{"from": "A", "to": "B"}]}},
        [esm()],
        10021,
        "renamed_classes",
    ),
    "a class that is missing": (
        {**MAIN, "migrations": {"new_classes": ["Missing"]}},
        [esm()],
        10064,
        "Missing.*exports: Counter",
    ),
}

BAD_BINDINGS = {
    "no list": ({}, 10021, "must be a list"),
    "no object": ([7], 10021, "bindings\\[0\\] must be an object"),
    "no type": ([{"name": "A"}], 10021, 'binding "A": "type"'),
    "no name": ([{"type": "plain_text", "text": ""}], 10021, 'bindings\\[0\\]: "name"'),
    "an empty name": ([{"type": "plain_text", "name": "", "text": ""}], 10021, "not be empty"),
    "an unknown type": ([{"type": "r2_bucket", "name": "A"}], 10021, "r2_bucket.*plain_text"),
    "no text": ([{"type": "plain_text", "name": "A"}], 10021, '"A": "text" must be a string'),
    "no value": ([{"type": "json", "name": "A"}], 10021, '"json" is missing'),
    "a lone surrogate": (
        [{"type": "plain_text", "name": "A", "text": "\ud800"}],
        10021,
        "well-formed",
    ),
    "a name used twice": (
        [{"type": "plain_text", "name": "A", "text": ""}] * 2,
        10021,
        '"A" is used more than once',
    ),
    "an unknown namespace": (
        [{"type": "durable_object_namespace", "name": "A", "namespace_id": "f" * 32}],
        10066,
        'binding "A".*f{32}',
    ),
    "neither id nor class": (
        [{"type": "durable_object_namespace", "name": "A"}],
        10021,
        '"class_name" must be a string',
    ),
    "a class this script does not export": (
        [{"type": "durable_object_namespace", "name": "A", "class_name": "Missing"}],
        10064,
        "Missing",
    ),
    "a class of an unknown script": (
        [
            {
                "type": "durable_object_namespace",
                "name": "A",
                "class_name": "C",
                "script_name": "nobody",
            }
        ],
        10061,
        'no Worker named "nobody"',
    ),
    "a class another script does not export": (
        [
            {
                "type": "durable_object_namespace",
                "name": "A",
                "class_name": "Missing",
                "script_name": "other",
            }
        ],
        10061,
        "does not export.*exports: Counter",
    ),
    "an unknown service": ([{"type": "service", "name": "A", "service": "no"}], 10143, '"no"'),
    "nothing to inherit": ([{"type": "inherit", "name": "A"}], 10057, "inherit"),
}
BAD_UPLOADS |= {
    f"a binding with {what}": ({**MAIN, "bindings": bindings}, [esm()], code, message)
    for what, (bindings, code, message) in BAD_BINDINGS.items()
}


@pytest.mark.parametrize("what", BAD_UPLOADS)
async def test_a_bad_upload_is_refused_and_the_live_version_stays(api, platform, what):
    metadata, parts, expected_code, expected = BAD_UPLOADS[what]
    await api.upload("other", MAIN, esm())
    before = (await api.upload("w", MAIN, esm(content="export default { v: 1 }"))).result
    answer = await api.upload("w", metadata, *parts)
    assert 400 <= answer.status < 500
    code, message = answer.error
    assert code == expected_code
    assert re.search(expected, message, re.IGNORECASE), message
    [_, after] = (await api.call("GET", "/scripts")).result
    assert after["deployment_id"] == before["deployment_id"]
    assert b"v: 1" in platform.catalog.script("w").main_module.content
    assert platform.catalog.namespaces() == []


@pytest.mark.parametrize("name", ["Upper", "-dash", "a.b", "a b", "ü", "a" * 64, "a%00", "a%0A"])
async def test_a_name_that_is_no_host_label_is_refused(api, name):
    answer = await api.upload(name, MAIN, esm())
    assert answer.status == 400
    assert answer.error[0] == 10016


@pytest.mark.parametrize("name", ["a", "_x", "0", "a-b_c", "a" * 63])
async def test_a_name_that_is_a_host_label_is_taken(api, name):
    assert (await api.upload(name, MAIN, esm())).result["id"] == name


@pytest.mark.parametrize(
    ("headers", "data"),
    [
        ({"Content-Type": "application/javascript"}, b"addEventListener('fetch', f)"),
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "multipart/mixed; boundary=x"}, b"--x--\r\n"),
        ({}, b""),
    ],
)
async def test_what_is_no_form_is_refused(api, headers, data):
    answer = await api.call("PUT", "/scripts/w", headers=headers, data=data)
    assert answer.status == 415
    assert answer.error[0] == 10001
    assert "multipart/form-data" in answer.error[1]


PART_HEADER = b'--x\r\nContent-Disposition: form-data; name="a"\r\n'

MALFORMED_FORMS = {
    "no boundary": ("multipart/form-data", b"--x--\r\n"),
    "a boundary that is too long": (f"multipart/form-data; boundary={'x' * 80}", b""),
    "an empty body": ("multipart/form-data; boundary=x", b""),
    "no end": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{}',
    ),
    "no name": ("multipart/form-data; boundary=x", b"--x\r\n\r\n{}\r\n--x--\r\n"),
    "headers without an end": ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n" * 3),
    "a header without a colon": ("multipart/form-data; boundary=x", b"--x\r\nA\r\n\r\n--x--"),
    "a header line without an end": (
        "multipart/form-data; boundary=x",
        b"--x\r\nA: " + b"b" * 100_000,
    ),
    "a form in a form": (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--\r\n",
    ),
    "an unknown encoding": (
        "multipart/form-data; boundary=x",
        PART_HEADER + b"Content-Transfer-Encoding: rot13\r\n\r\n{}\r\n--x--\r\n",
    ),
    "too many parts": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 2001 + b"--x--\r\n",
    ),
}


@pytest.mark.parametrize("what", MALFORMED_FORMS)
async def test_a_malformed_form_is_refused(api, what):
    content_type, body = MALFORMED_FORMS[what]
    answer = await api.call("PUT", "/scripts/w", headers={"Content-Type": content_type}, data=body)
    assert answer.status == 400
    code, message = answer.error
    assert code == 10021
    assert "multipart" in message


async def test_a_script_beyond_the_limit_is_refused(api, settings):
    big = "//" + "x" * settings.max_script_bytes
    answer = await api.upload("w", MAIN, esm(content=big))
    assert answer.status == 413
    assert answer.error[0] == 10027
    assert f"{settings.max_script_bytes:,} bytes" in answer.error[1]
    assert (await api.call("GET", "/scripts/w")).status == 404


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(api, settings):
    sent = 0

    async def endless():
        nonlocal sent
        yield b"--x\r\n"
        while True:
            yield b"preamble\r\n" * 1000
            sent += 10_000

    headers = {"Content-Type": "multipart/form-data; boundary=y"}
    answer = await api.call("PUT", "/scripts/w", headers=headers, data=endless())
    assert answer.status == 413
    assert answer.error[0] == 10027


async def test_a_client_that_hangs_up_mid_upload_changes_nothing(api, platform):
    await api.upload("w", MAIN, esm(content="export default { v: 1 }"))
    body = form(MAIN, esm(content="export default { v: 2 }"))()
    head = (
        (
            f"PUT {ACCOUNT}/scripts/w HTTP/1.1\r\nHost: x\r\n"
            f"Content-Type: {body.content_type}\r\nContent-Length: {body.size}\r\n"
        ).encode()
        + b"Authorization: Bearer "
        + TOKEN.encode()
        + b"\r\n\r\n"
    )
    port = int(api.base.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + body.decode().encode()[:-20])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    # The next upload has its turn, so nothing of the broken one is still under way.
    await api.upload("next", MAIN, esm())
    assert b"v: 1" in platform.catalog.script("w").main_module.content


async def test_a_body_that_does_not_arrive_in_time_is_refused(platform, settings):
    hurried = dataclasses.replace(settings, upload_timeout_s=0.05)
    server = TestServer(make_app(platform, hurried))
    await server.start_server()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"PUT {ACCOUNT}/scripts/w HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n".encode()
        + b"Authorization: Bearer "
        + TOKEN.encode()
        + b"\r\n\r\n--x\r\n"
    )
    assert b" 408 " in await reader.readline()
    writer.close()
    await server.close()


async def test_deploys_take_turns(api, platform):
    under_way = 0
    deploy = platform.deploy

    async def slow(script, namespaces=()):
        nonlocal under_way
        under_way += 1
        assert under_way == 1
        await asyncio.sleep(0)
        deployed = await deploy(script, namespaces)
        under_way -= 1
        return deployed

    platform.deploy = slow
    binding = {"type": "durable_object_namespace", "name": "C", "class_name": "Counter"}
    uploads = [api.upload("w", {**MAIN, "bindings": [binding]}, esm()) for _ in range(5)]
    answers = await asyncio.gather(*uploads)
    assert [answer.status for answer in answers] == [200] * 5
    assert len(platform.catalog.namespaces()) == 1


async def test_fields_that_mean_nothing_are_named(api):
    answer = await api.upload("w", {**MAIN, "placement": {"mode": "smart"}, "tags": []}, esm())
    [note] = answer.envelope["messages"]
    assert "metadata.placement" in note["message"]


async def test_a_bug_in_the_platform_is_logged_and_not_told(api, caplog):
    answer = await api.upload("w", MAIN, esm(content="CRASH"))
    assert answer.status == 500
    assert answer.error[0] == 10013
    assert b"secret" not in answer.body
    assert "/secret/path" in caplog.text


async def test_metadata_may_come_in_any_order_and_of_any_type(api):
    data = aiohttp.FormData(default_to_multipart=True)
    data.add_field("main.mjs", "export default {}", filename="main.mjs", content_type=ESM)
    data.add_field("metadata", json.dumps(MAIN))
    answer = await api.call("PUT", "/scripts/w", data=data)
    assert answer.result["handlers"] == ["fetch"]
