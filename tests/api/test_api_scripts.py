import asyncio
import json

import aiohttp
import pytest

from holdfast.catalog import (
    Json,
    ObjectNamespace,
    PlainText,
    SecretText,
    Service,
    Syntax,
    WasmModule,
)
from holdfast.engine.modules import Module, ModuleKind
from tests.api.fakes import ACCOUNT, ESM, MAIN, TOKEN, esm

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


async def test_a_binding_to_webassembly_names_its_part(api, platform):
    script = ("script", "worker.js", "application/javascript", SERVICE_WORKER)
    code = ("code", "lib/code.wasm", "application/wasm", b"\0asm\1\0\0\0")
    text = ("text", "a.txt", "text/plain", "a")
    for part in ("code", "lib/code.wasm"):
        entry = {"type": "wasm_module", "name": "WASM", "part": part}
        metadata = {"body_part": "script", "bindings": [entry]}
        answer = await api.upload("bound", metadata, script, code, text)
        assert answer.status == 200
        assert platform.live["bound"].bindings == (WasmModule("WASM", "lib/code.wasm"),)
    for part, told in (("nope", "does not have"), ("text", "application/wasm")):
        metadata["bindings"] = [{"type": "wasm_module", "name": "WASM", "part": part}]
        answer = await api.upload("bound", metadata, script, code, text)
        assert answer.status == 400 and told in answer.error[1]


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
    answer = await api.upload("counter", {**MAIN, "bindings": [binding]}, esm())
    [namespace] = platform.catalog.namespaces()
    assert namespace.id in answer.envelope["messages"][0]["message"]
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


@pytest.mark.parametrize("name", ["Upper", "-dash", "a.b", "a b", "ü", "a" * 64, "a%00", "a%0A"])
async def test_a_name_that_is_no_host_label_is_refused(api, name):
    answer = await api.upload(name, MAIN, esm())
    assert answer.status == 400
    assert answer.error[0] == 10016


@pytest.mark.parametrize("name", ["a", "_x", "0", "a-b_c", "a" * 63])
async def test_a_name_that_is_a_host_label_is_taken(api, name):
    assert (await api.upload(name, MAIN, esm())).result["id"] == name


async def test_deploys_take_turns(api, platform):
    under_way = 0
    deploy = platform.deploy

    async def slow(script, *arguments):
        nonlocal under_way
        under_way += 1
        assert under_way == 1
        await asyncio.sleep(0)
        deployed = await deploy(script, *arguments)
        under_way -= 1
        return deployed

    platform.deploy = slow
    binding = {"type": "durable_object_namespace", "name": "C", "class_name": "Counter"}
    uploads = [api.upload("w", {**MAIN, "bindings": [binding]}, esm()) for _ in range(5)]
    answers = await asyncio.gather(*uploads)
    assert [answer.status for answer in answers] == [200] * 5
    assert len(platform.catalog.namespaces()) == 1


async def test_fields_that_mean_nothing_are_named(api):
    fields = {"placement": {"mode": "smart"}, "tags": [], "compatability_date": "2026-01-31"}
    answer = await api.upload("w", {**MAIN, **fields}, esm())
    smart, misspelt = (note["message"] for note in answer.envelope["messages"])
    assert smart == "metadata.placement means nothing to Holdfast and was ignored."
    assert misspelt.endswith('was ignored; did you mean "compatibility_date"?')


async def test_a_bug_in_the_platform_is_logged_and_not_told(api, caplog):
    answer = await api.upload("w", MAIN, esm(content="CRASH"))
    assert answer.status == 500
    assert answer.error[0] == 10013
    assert b"secret" not in answer.body
    assert "/secret/path" in caplog.text


async def test_metadata_may_come_in_any_order_and_of_any_type(api):
    data = aiohttp.FormData(default_to_multipart=True)
    byte_order_mark = "\ufeff"
    data.add_field("main.mjs", "export default {}", filename="main.mjs", content_type=ESM)
    data.add_field("metadata", byte_order_mark + json.dumps(MAIN))
    answer = await api.call("PUT", "/scripts/w", data=data)
    assert answer.result["handlers"] == ["fetch"]
