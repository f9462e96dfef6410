"""Uploads against the running thing: API, catalog, isolates and storage together."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from holdfast.api import ApiServer, ApiSettings
from holdfast.catalog import ErrorCode
from holdfast.server.deployments import Deployments
from tests.inprocess import start
from tests.patience import PATIENCE_S
from tests.server.deployment import TOKEN, Deployment

OBJECT = """
export class Thing {
  constructor(state) { this.storage = state.storage; }
  async fetch(request) {
    const n = (await this.storage.get("n") ?? 0) + 1;
    await this.storage.put("n", n);
    return new Response(`%s ${n}`);
  }
}
export default { fetch: (request, env) => env.THING.get(env.THING.idFromName("A")).fetch(request) };
"""


THING = {"bindings": [{"type": "durable_object_namespace", "name": "THING", "class_name": "Thing"}]}


async def test_an_upload_is_live_when_the_api_answers(deployment: Deployment) -> None:
    for word in ("one", "two", "three"):
        source = f"export default {{ fetch: () => new Response('{word}') }}"
        assert (await deployment.upload("main", source))["success"]
        assert await deployment.text("main") == f"200 {word}"


async def test_a_module_that_is_sent_as_a_service_worker_is_told_how(
    deployment: Deployment,
) -> None:
    async def refused(script: str) -> str:
        form = aiohttp.FormData()
        form.add_field("metadata", aiohttp.payload.JsonPayload({"body_part": "script"}))
        form.add_field("script", script, content_type="application/javascript")
        answer = await deployment.api("PUT", "scripts/main", data=form)
        message: str = answer["errors"][0]["message"]
        return message

    as_module = "An ES module is sent as application/javascript+module."
    told = await refused("export default {}")
    assert "SyntaxError" in told and told.endswith(f"\n{as_module}")
    assert as_module not in await refused("throw new Error('not this')")


async def test_a_loader_is_bound_from_the_catalog_as_well(deployment: Deployment) -> None:
    source = """export default { fetch(request, env) {
      const code = { compatibilityDate: "2026-07-01", mainModule: "a.js" };
      const modules = { "a.js": "export default { fetch: () => new Response('loaded') }" };
      return env.LOADER.load({ ...code, modules }).getEntrypoint().fetch(request);
    } }"""
    bindings = [{"type": "worker_loader", "name": "LOADER"}]
    await deployment.upload("main", source, bindings=bindings)
    assert await deployment.text("main") == "200 loaded"
    deployment.runtime.remove("main")
    assert await deployment.text("main") == "200 loaded"
    settings = (await deployment.api("GET", "scripts/main/settings"))["result"]
    assert settings["bindings"] == bindings


async def test_a_turn_takes_no_more_cpu_time_than_its_version_says(deployment: Deployment) -> None:
    slow_start = "for (let n = 0; n < 1e6; n++);"  # takes longer than that, and may
    source = f"{slow_start} export default {{ fetch() {{ for (;;); }} }}"
    assert (await deployment.upload("main", source, limits={"cpu_ms": 5}))["success"]
    assert (await deployment.text("main")).startswith("500")
    assert any("its 5 ms of CPU time" in line for line in deployment.lines), deployment.lines
    deployment.runtime.remove("main")  # as a restart does: it is loaded from the catalog
    deployment.lines.clear()
    await deployment.text("main")
    assert any("its 5 ms of CPU time" in line for line in deployment.lines), deployment.lines


async def test_a_version_knows_its_id_its_tag_and_its_time(deployment: Deployment) -> None:
    source = "export default { fetch: (_, env) => Response.json(env.VERSION) }"
    bindings = [{"type": "version_metadata", "name": "VERSION"}]

    async def told() -> dict[str, str]:
        status, _, text = (await deployment.text("main")).partition(" ")
        assert status == "200"
        found: dict[str, str] = json.loads(text)
        return found

    async def known(version: str) -> dict[str, str]:
        shown = (await deployment.api("GET", f"scripts/main/versions/{version}"))["result"]
        tag = shown["annotations"].get("workers/tag", "")
        return {"id": version, "tag": tag, "timestamp": shown["metadata"]["created_on"]}

    annotations = {"workers/tag": "v1"}
    await deployment.upload("main", source, bindings=bindings, annotations=annotations)
    first = await told()
    assert first["tag"] == "v1" and first == await known(first["id"])
    deployment.runtime.remove("main")  # as a restart does: it is loaded from the catalog
    assert await told() == first

    secret = {"type": "secret_text", "name": "SECRET", "text": "s"}
    assert (await deployment.api("PUT", "scripts/main/secrets", json=secret))["success"]
    second = await told()
    assert second["id"] != first["id"] and second["tag"] == ""
    assert second == await known(second["id"])


class Deaf:
    """Other shards, which do as they are told once they listen."""

    def __init__(self) -> None:
        self.listen = asyncio.Event()
        self.told: list[str] = []

    async def __call__(self, verb: str, *_arguments: object) -> None:
        await self.listen.wait()
        self.told.append(verb)


async def test_nobody_waits_for_ever_for_a_process_that_does_not_answer(
    deployment: Deployment,
) -> None:
    others = Deaf()
    deployments = Deployments(deployment.catalog, deployment.runtime, others, patience_s=0.01)
    api = ApiServer(deployments, ApiSettings(TOKEN))
    deployment.api_port = await start(api)
    try:
        source = OBJECT % "one"
        answer = await deployment.upload("main", source, **THING)
        assert "another process does not answer" in answer["errors"][0]["message"]
        assert await deployment.text("main") == "200 one 1", "it is live here"
        assert deployment.catalog.script("main").main == "main.mjs"
        answer = await deployment.api("DELETE", "scripts/main?force=true")
        assert "another process does not answer" in answer["errors"][0]["message"]
        assert (await deployment.text("main")).startswith("404")
        others.listen.set()
        async with asyncio.timeout(PATIENCE_S):
            while deployments._news:
                await asyncio.sleep(0)
        assert sorted(others.told) == ["forget_namespace", "refresh", "refresh"]
    finally:
        await api.stop()


async def test_a_deletion_that_was_interrupted_is_finished_by_the_next_start(
    deployment: Deployment,
) -> None:
    await deployment.upload("main", OBJECT % "one", **THING)
    assert await deployment.text("main") == "200 one 1"
    [namespace] = deployment.catalog.namespaces()
    folder = deployment.runtime.settings.data / "objects" / namespace.unique_key
    deployment.catalog.delete_script("main")  # and here the process ended
    assert folder.is_dir() and deployment.catalog.doomed() == [namespace.unique_key]
    deployments = Deployments(deployment.catalog, deployment.runtime)
    deployments.finish_deletions()
    async with asyncio.timeout(PATIENCE_S):
        while deployments._news:
            await asyncio.sleep(0)
    assert not folder.exists() and deployment.catalog.doomed() == []


async def test_new_code_finds_the_data_of_the_old(deployment: Deployment) -> None:
    assert (await deployment.upload("main", OBJECT % "old", **THING))["success"]
    assert await deployment.text("main") == "200 old 1"
    assert (await deployment.upload("main", OBJECT % "new", **THING))["success"]
    assert await deployment.text("main") == "200 new 2"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("export default { fetch() {", "main.mjs:1"),
        ("export default {};\nlet 1x;", "main.mjs:2"),
        ("import './missing.mjs'; export default { fetch() {} }", "missing.mjs"),
        ("throw new Error('at the top'); export default { fetch() {} }", "at the top"),
        ("export class Thing {}", "no registered event handlers"),
        ("for (;;);", "CPU time"),
        ("export default { fetch() {} }", "Thing"),
    ],
)
async def test_a_bad_upload_is_refused_and_the_live_version_stays(
    deployment: Deployment, source: str, told: str
) -> None:
    assert (await deployment.upload("main", OBJECT % "live", **THING))["success"]
    answer = await deployment.upload("main", source, **THING)
    assert not answer["success"] and told in answer["errors"][0]["message"]
    assert await deployment.text("main") == "200 live 1"
    assert not deployment.runtime._retiring


async def test_a_script_that_handles_nothing_is_refused_with_a_code_of_its_own(
    deployment: Deployment,
) -> None:
    for source in ("export const x = 1;", "export class Thing {}"):
        answer = await deployment.upload("main", source)
        assert answer["errors"][0]["code"] == ErrorCode.NO_HANDLERS


async def test_objects_are_listed_page_by_page(deployment: Deployment) -> None:
    source = OBJECT.replace('idFromName("A")', "newUniqueId()") % "x"
    await deployment.upload("main", source, **THING)
    for _ in range(5):
        await deployment.text("main")
    (namespace,) = (await deployment.api("GET", "durable_objects/namespaces"))["result"]
    path = f"durable_objects/namespaces/{namespace['id']}/objects"
    seen, cursor = [], ""
    while True:
        page = await deployment.api("GET", path, params={"limit": "2", "cursor": cursor})
        seen += [entry["id"] for entry in page["result"]]
        if not (cursor := page["result_info"]["cursor"]):
            break
    assert len(seen) == 5 and seen == sorted(seen)


async def test_a_deleted_script_is_gone_with_its_objects(
    deployment: Deployment, tmp_path: Path
) -> None:
    await deployment.upload("main", OBJECT % "x", **THING)
    await deployment.text("main")
    refused = await deployment.api("DELETE", "scripts/main")
    assert not refused["success"]
    assert (await deployment.api("DELETE", "scripts/main?force=true"))["success"]
    assert deployment.catalog.doomed() == []
    assert (await deployment.text("main")).startswith("404")
    await deployment.upload("main", OBJECT % "again", **THING)
    assert await deployment.text("main") == "200 again 1"


async def test_a_binding_to_a_deleted_namespace_fails_when_it_is_used(
    deployment: Deployment,
) -> None:
    await deployment.upload("main", OBJECT % "x", **THING)
    (namespace,) = (await deployment.api("GET", "durable_objects/namespaces"))["result"]
    binding = {"type": "durable_object_namespace", "name": "T", "namespace_id": namespace["id"]}
    source = """export default { async fetch(request, env) {
      try { return await env.T.get(env.T.idFromName("A")).fetch(request); }
      catch (e) { return new Response("failed: " + e.message); }
    } }"""
    await deployment.upload("caller", source, bindings=[binding])
    assert await deployment.text("caller") == "200 x 1"
    await deployment.api("DELETE", "scripts/main?force=true")
    assert "namespace of this binding was deleted" in await deployment.text("caller")
    await deployment.upload("caller", source, keep_bindings=["durable_object_namespace"])
    assert "namespace of this binding was deleted" in await deployment.text("caller")


async def test_uploads_of_one_script_at_once_leave_one_of_them(deployment: Deployment) -> None:
    sources = [f"export default {{ fetch: () => new Response('{i}') }}" for i in range(8)]
    answers = await asyncio.gather(*(deployment.upload("main", source) for source in sources))
    assert all(answer["success"] for answer in answers)
    assert await deployment.text("main") in {f"200 {i}" for i in range(8)}


async def test_a_script_whose_secrets_key_is_lost_fails_and_is_uploaded_anew(
    deployment: Deployment, tmp_path: Path
) -> None:
    source = "export default { fetch: (request, env) => new Response(env.A + env.B) }"

    def secrets(**texts: str) -> dict[str, object]:
        bindings = [
            {"type": "secret_text", "name": name, "text": text} for name, text in texts.items()
        ]
        return {"bindings": bindings}

    assert (await deployment.upload("main", source, **secrets(A="a", B="b")))["success"]
    lose_key(deployment, tmp_path)
    assert (await deployment.text("main")).startswith("500 The Worker does not load")
    refused = await deployment.upload("main", source, **secrets(A="c"))
    assert "secrets.key is missing" in refused["errors"][0]["message"]
    assert (await deployment.upload("main", source, **secrets(A="c", B="d")))["success"]
    assert await deployment.text("main") == "200 cd"
    lose_key(deployment, tmp_path)
    texts = {"secrets": {"A": {"text": "e"}, "B": {"text": "f"}}}
    assert (await deployment.api("PATCH", "scripts/main/secrets-bulk", json=texts))["success"]
    assert await deployment.text("main") == "200 ef"


def lose_key(deployment: Deployment, folder: Path) -> None:
    """As after a start without the key's file."""
    (key,) = folder.rglob("secrets.key")
    key.unlink()
    deployment.catalog._vault._key = None
    deployment.runtime.remove("main")
