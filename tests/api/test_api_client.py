import asyncio
import functools
import json

import pytest

from holdfast.api import (
    ApiError,
    create_namespace,
    delete_script,
    deploy,
    deploy_project,
    list_namespaces,
    list_objects,
    list_scripts,
)
from holdfast.catalog import PlainText, Syntax, WasmModule
from holdfast.engine.modules import ModuleKind
from tests.api.fakes import TOKEN

COUNTER = "import './lib/util.mjs';\nexport default {};\nexport class Counter {}\n"


@pytest.fixture
def remote(api):
    """Calls a client function in a thread, since the server runs in this one."""

    async def call(function, *arguments, **options):
        options = {"base_url": api.base, "token": TOKEN, **options}
        return await asyncio.to_thread(functools.partial(function, *arguments, **options))

    return call


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "src" / "lib").mkdir(parents=True)
    (tmp_path / "src" / "counter.mjs").write_text(COUNTER)
    (tmp_path / "src" / "lib" / "util.mjs").write_text("export const a = 1;")
    (tmp_path / "src" / "data.json").write_text("{}")
    return tmp_path / "src"


async def test_a_script_is_deployed_with_what_it_imports(remote, platform, folder):
    result = await remote(
        deploy,
        folder / "counter.mjs",
        "counter",
        bindings=[{"type": "plain_text", "name": "T", "text": "t"}],
        compatibility_date="2024-01-31",
        compatibility_flags=["nodejs_compat"],
        modules=[folder / "data.json"],
    )
    assert result["id"] == "counter"
    script = platform.live["counter"]
    assert script.main == "counter.mjs"
    assert [(m.name, m.kind) for m in script.modules] == [
        ("counter.mjs", ModuleKind.ESM),
        ("data.json", ModuleKind.JSON),
        ("lib/util.mjs", ModuleKind.ESM),
    ]
    assert script.bindings == (PlainText("T", "t"),)
    assert script.compatibility_date == "2024-01-31"
    assert script.compatibility_flags == ("nodejs_compat",)


async def test_a_service_worker_is_deployed_as_one(remote, platform, tmp_path):
    path = tmp_path / "caller.js"
    path.write_text("// export is but a word here\naddEventListener('fetch', f);\n")
    await remote(deploy, str(path), "caller")
    assert platform.live["caller"].syntax is Syntax.SERVICE_WORKER
    await remote(deploy, path, "forced", syntax=Syntax.SERVICE_WORKER)
    assert platform.live["forced"].syntax is Syntax.SERVICE_WORKER


async def test_modules_that_a_configuration_binds_are_deployed_with_a_service_worker(
    remote, platform, tmp_path
):
    (tmp_path / "main.js").write_text("addEventListener('fetch', () => CODE);\n")
    (tmp_path / "code.wasm").write_bytes(b"\0asm\1\0\0\0")
    file = tmp_path / "wrangler.toml"
    file.write_text('name = "old"\nmain = "main.js"\nwasm_modules = { CODE = "./code.wasm" }\n')
    await remote(deploy_project, file)
    live = platform.live["old"]
    assert live.bindings == (WasmModule("CODE", "code.wasm"),)
    kinds = [(module.name, module.kind) for module in live.modules]
    assert kinds[1:] == [("code.wasm", ModuleKind.WASM)]
    (tmp_path / "main.js").write_text("export default {};\n")
    with pytest.raises(ValueError, match=r"import code from './code\.wasm'"):
        await remote(deploy_project, file)
    file.write_text('name = "old"\nmain = "main.js"\nwasm_modules = { CODE = 1 }\n')
    with pytest.raises(ValueError, match=r'"wasm_modules\.CODE" must be a string'):
        await remote(deploy_project, file)


async def test_namespaces_and_objects_are_listed_through_all_pages(remote, platform, folder):
    await remote(deploy, folder / "counter.mjs", "counter")
    created = await remote(create_namespace, "n", "counter", "Counter", use_sqlite=True)
    assert created["use_sqlite"] is True
    assert await remote(list_namespaces) == [created]
    platform.objects[created["id"]] = [f"{number:064x}" for number in range(2500)]
    objects = await remote(list_objects, created["id"])
    assert [entry["id"] for entry in objects] == platform.objects[created["id"]]


async def test_scripts_are_listed_and_deleted(remote, platform, folder):
    await remote(deploy, folder / "counter.mjs", "counter")
    assert [script["id"] for script in await remote(list_scripts)] == ["counter"]
    created = await remote(create_namespace, "n", "counter", "Counter")
    platform.objects[created["id"]] = ["0" * 64]
    with pytest.raises(ApiError, match="force"):
        await remote(delete_script, "counter")
    await remote(delete_script, "counter", force=True)
    assert await remote(list_scripts) == []


async def test_a_refusal_carries_the_apis_code_and_message(remote):
    with pytest.raises(ApiError, match=r"no Worker named \"nobody\".*\[code: 10007\]") as caught:
        await remote(delete_script, "nobody")
    assert caught.value.status == 404
    assert caught.value.errors[0][0] == 10007


async def test_a_wrong_token_is_refused(remote):
    with pytest.raises(ApiError, match="Authentication error"):
        await remote(list_scripts, token="wrong")


async def test_the_base_url_may_have_the_apis_prefix(remote, api):
    assert await remote(list_scripts, base_url=f"{api.base}/client/v4/") == []


async def test_a_wrong_base_url_is_reported(remote, api):
    with pytest.raises(ApiError, match="nothing at /elsewhere/"):
        await remote(list_scripts, base_url=f"{api.base}/elsewhere")


async def test_only_http_is_spoken(remote):
    with pytest.raises(ValueError, match="http"):
        await remote(list_scripts, base_url="file:///etc/passwd")


async def test_nobody_there_is_an_os_error(remote):
    with pytest.raises(OSError, match="refused"):
        await remote(list_scripts, base_url="http://127.0.0.1:1")


async def test_a_projects_routes_are_the_scripts_where_it_has_any(remote, platform, folder):
    def project(**fields):
        file = folder / "wrangler.json"
        file.write_text(json.dumps({"name": "w", "main": "main.js", **fields}))
        return file

    def routes():
        return [route.pattern for route in platform.catalog.all_routes()]

    (folder / "main.js").write_text("export default { fetch() {} };")
    domain = {"pattern": "app.example", "custom_domain": True}
    await remote(deploy_project, project(routes=["www.app.example/*", domain]))
    assert routes() == ["app.example", "www.app.example/*"]
    await remote(deploy_project, project())
    assert routes() == ["app.example", "www.app.example/*"], "nothing is said of them"
    await remote(deploy_project, project(route="b.example/*"))
    assert routes() == ["b.example/*"]
    await remote(deploy_project, project(routes=[]))
    assert routes() == []


async def test_a_project_declares_what_becomes_of_its_classes(remote, platform, folder):
    def project(source, **exports):
        (folder / "main.js").write_text(f"export default {{ fetch() {{}} }};\n{source}")
        declared = {name: {"type": "durable-object", **one} for name, one in exports.items()}
        file = folder / "wrangler.json"
        file.write_text(json.dumps({"name": "w", "main": "main.js", "exports": declared}))
        return file

    def classes():
        found = platform.catalog.namespaces_of("w")
        return {one.class_name: (one.id, one.use_sqlite) for one in found}

    both = "export class A {} export class B {}"
    live = {"A": {"storage": "sqlite"}, "B": {"storage": "legacy-kv"}}
    await remote(deploy_project, project(both, **live))
    first = classes()
    assert {name: with_sql for name, (_, with_sql) in first.items()} == {"A": True, "B": False}
    await remote(deploy_project, project(both, **live))
    assert classes() == first
    later = {
        "A": {"state": "renamed", "renamed_to": "C"},
        "B": {"state": "deleted"},
        "C": {"storage": "sqlite"},
    }
    for _ in range(2):
        await remote(deploy_project, project("export class C {}", **later))
        assert classes() == {"C": first["A"]}


async def test_a_class_that_no_migration_names_is_made_with_sql_once(remote, platform, folder):
    """As in `run` and `dev`, where the same project has it."""
    (folder / "main.js").write_text("export class A {} export default { fetch() {} };")
    bound = {"bindings": [{"name": "A", "class_name": "A"}]}
    (folder / "wrangler.json").write_text(
        json.dumps({"name": "w", "main": "main.js", "durable_objects": bound})
    )
    for _ in range(2):
        await remote(deploy_project, folder / "wrangler.json")
    [namespace] = platform.catalog.namespaces_of("w")
    assert namespace.use_sqlite
