"""Class migrations over the REST API: what objects have stored goes along, or goes."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from holdfast.api.client import deploy_project
from holdfast.catalog import CatalogError, Namespace
from holdfast.objects.ids import IdFactory
from holdfast.objects.local import NAMESPACE_DELETED
from holdfast.objects.placement import ObjectAddress, ObjectRequest
from holdfast.server import CatalogSource, Runtime, Settings
from holdfast.server.opening import open_storage
from holdfast.server.shards.errands import Clerk
from holdfast.workers import WorkerResponse
from tests.faults.site import TOKEN, Site
from tests.patience import PATIENCE_S
from tests.server.deployment import Deployment

pytestmark = pytest.mark.slow

OBJECT = """
  constructor({ storage }) { this.storage = storage; }
  async fetch(request) {
    if (request.method === "POST") await this.storage.put("n", ((await this.storage.get("n")) ?? 0) + 1);
    return new Response(`${CLASS} ${(await this.storage.get("n")) ?? 0}`);
  }
"""


def worker(*classes: str, bound: str = "O") -> str:
    """A script that exports these classes and asks the object 'one' of what it is bound to."""
    exported = "".join(
        f"export class {name} {{ {OBJECT.replace('${CLASS}', name)} }}" for name in classes
    )
    return (
        exported
        + f"""
      export default {{
        fetch(request, env) {{
          return env.{bound}.get(env.{bound}.idFromName("one")).fetch(request);
        }}
      }};
    """
    )


def binding(class_name: str, script: str | None = None) -> dict[str, Any]:
    bound = {"type": "durable_object_namespace", "name": "O", "class_name": class_name}
    return bound | ({"script_name": script} if script else {})


async def upload(site: Site, name: str, source: str, class_name: str, **metadata: Any) -> int:
    return await site.deploy(name, source, metadata={"bindings": [binding(class_name)], **metadata})


async def test_a_renamed_class_finds_what_the_old_one_has_stored(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        made = {"new_tag": "v1", "new_sqlite_classes": ["Old"]}
        assert await upload(site, "main", worker("Old"), "Old", migrations=made) == 200
        assert await site.post("main") == "Old 1"
        # Somebody else is bound to it, and stays so.
        other = {"bindings": [binding("Old", "main")]}
        assert await site.deploy("other", worker(), metadata=other) == 200
        assert await site.post("other") == "Old 2"
        renamed = {
            "old_tag": "v1",
            "new_tag": "v2",
            "steps": [{"renamed_classes": [{"from": "Old", "to": "New"}]}],
        }
        assert await upload(site, "main", worker("New"), "New", migrations=renamed) == 200
        assert await site.get("main") == "New 2"
        assert await site.post("other") == "New 3"
        assert await upload(site, "main", worker("New"), "New", migrations=renamed) == 412
        site.crash()
        site.start()
        assert await site.get("other") == "New 3"


async def test_a_transferred_class_takes_its_objects_to_another_script(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        made = {"new_tag": "v1", "new_sqlite_classes": ["Thing"]}
        assert await upload(site, "from", worker("Thing"), "Thing", migrations=made) == 200
        assert await site.post("from") == "Thing 1"
        moved = {
            "new_tag": "v1",
            "transferred_classes": [{"from": "Thing", "from_script": "from", "to": "Taken"}],
        }
        assert await upload(site, "to", worker("Taken"), "Taken", migrations=moved) == 200
        assert await site.post("to") == "Taken 2"
        assert await site.post("from") == "Taken 3"  # its binding leads there
        await give_by_declarations(site)


async def give_by_declarations(site: Site) -> None:
    live = {"type": "durable-object", "storage": "sqlite"}
    expected = {**live, "state": "expecting-transfer", "transfer_from": "giver"}
    given = {"type": "durable-object", "state": "transferred", "transferred_to": "taker"}

    async def declare(script: str, thing: Any, *bound: dict[str, Any]) -> int:
        metadata = {"bindings": [*bound], "exports": {"Thing": thing}}
        return await site.deploy(script, worker("Thing"), metadata=metadata)

    assert await declare("giver", live, binding("Thing")) == 200
    assert await site.post("giver") == "Thing 1"
    assert await declare("giver", given) == 400, "nobody expects it"
    assert await declare("taker", expected, binding("Thing")) == 400, "it has not got it yet"
    assert await declare("taker", expected) == 200
    assert await site.get("giver") == "Thing 1", "the one who gives has the last word"
    assert await declare("giver", given, binding("Thing")) == 400, "it is to be another's"
    assert await declare("giver", given, binding("Thing", "taker")) == 200
    assert await site.post("giver") == "Thing 2"
    assert await declare("taker", live, binding("Thing")) == 200
    assert await site.post("taker") == "Thing 3"
    assert await declare("giver", given, binding("Thing", "taker")) == 200, "it is so already"
    assert await site.get("giver") == "Thing 3"


async def test_a_deleted_class_takes_what_it_has_stored_along(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        made = {"new_tag": "v1", "new_sqlite_classes": ["Gone", "Kept"]}
        source = worker("Gone", "Kept")
        assert await upload(site, "main", source, "Gone", migrations=made) == 200
        assert await site.post("main") == "Gone 1"
        assert await upload(site, "main", worker("Kept"), "Kept") == 409, "Gone has objects"
        deleted = {"old_tag": "v1", "new_tag": "v2", "deleted_classes": ["Gone"]}
        refused = await upload(site, "main", source, "Gone", migrations=deleted)
        assert refused == 400, "it is still bound"
        assert await site.get("main") == "Gone 1"
        assert await upload(site, "main", worker("Kept"), "Kept", migrations=deleted) == 200
        assert await site.get("main") == "Kept 0"
        again = {"old_tag": "v2", "new_tag": "v3", "new_sqlite_classes": ["Gone"]}
        assert await upload(site, "main", source, "Gone", migrations=again) == 200
        assert await site.get("main") == "Gone 0"


async def test_a_class_is_declared_deleted_when_nobody_has_it_any_more(tmp_path: Path) -> None:
    live, gone = {"type": "durable-object"}, {"type": "durable-object", "state": "deleted"}

    async def declare(site: Site, source: str, thing: Any, *bound: dict[str, Any]) -> int:
        metadata = {"bindings": [*bound], "exports": {"Thing": thing}}
        return await site.deploy("main", source, metadata=metadata)

    async with Site(tmp_path) as site:
        assert await declare(site, worker("Thing"), live, binding("Thing")) == 200
        metadata = {"bindings": [binding("Thing", "main")]}
        assert await site.deploy("other", worker(), metadata=metadata) == 200
        assert await site.post("other") == "Thing 1"
        assert await declare(site, worker(), gone) == 409, "another is bound to it"
        assert await site.deploy("other", worker(), metadata={"bindings": []}) == 200
        assert await declare(site, worker("Thing"), gone) == 409, "it is in the code"
        assert await site.get("main") == "Thing 1"
        assert await declare(site, worker(), gone) == 200
        assert await declare(site, worker("Thing"), live, binding("Thing")) == 200
        assert await site.get("main") == "Thing 0"


async def test_a_project_is_deployed_again_with_the_steps_that_are_new(tmp_path: Path) -> None:
    file = tmp_path / "wrangler.json"

    def write(class_name: str, *migrations: dict[str, Any]) -> None:
        kind = "let kind = 'SQL'; try { this.storage.sql.exec('SELECT 1'); } catch { kind = 'no SQL'; }"
        answer = "return new Response(`"
        source = worker(class_name).replace(answer, f"{kind}\n{answer}${{kind}} ")
        (tmp_path / "main.mjs").write_text(source)
        bindings = [{"name": "O", "class_name": class_name}]
        config = {"name": "main", "main": "main.mjs", "durable_objects": {"bindings": bindings}}
        file.write_text(json.dumps({**config, "migrations": migrations}))

    first = {"tag": "v1", "new_sqlite_classes": ["First"]}
    second = {"tag": "v2", "renamed_classes": [{"from": "First", "to": "Second"}]}
    async with Site(tmp_path) as site:
        options = {"base_url": f"http://127.0.0.1:{site.api_port}", "token": TOKEN}
        write("First")  # whoever has forgotten them adds them later
        await asyncio.to_thread(deploy_project, file, **options)
        assert await site.post("main") == "SQL First 1"
        for class_name, migrations in [
            ("First", [first]),
            ("First", [first]),
            ("Second", [first, second]),
            ("Second", [first, second]),
        ]:
            write(class_name, *migrations)
            deployed = await asyncio.to_thread(deploy_project, file, **options)
            assert deployed["migration_tag"] == migrations[-1]["tag"]
            assert (await site.post("main")).startswith(f"SQL {class_name}")
        assert await site.get("main") == "SQL Second 5"


class Caller:
    """Keeps the answer to its one request."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def responded(self, _number: int, response: WorkerResponse) -> None:
        assert isinstance(response.body, bytes), "it is short"
        self.answer.set_result(response.body.decode())

    def failed(self, _number: int, _name: str, message: str, _flags: str, *_: Any) -> None:
        self.answer.set_result(message)


async def test_who_has_not_heard_of_the_new_name_reaches_the_object(deployment: Deployment) -> None:
    bound = {"bindings": [binding("Old")]}
    made = {"new_tag": "v1", "new_sqlite_classes": ["Old"]}
    await deployment.upload("main", worker("Old"), **bound, migrations=made)
    assert await deployment.text("main", method="POST") == "200 Old 1"
    (namespace,) = deployment.catalog.namespaces()
    renamed = {
        "old_tag": "v1",
        "new_tag": "v2",
        "renamed_classes": [{"from": "Old", "to": "New"}],
    }
    bound = {"bindings": [binding("New")]}
    await deployment.upload("main", worker("New"), **bound, migrations=renamed)
    object_id = IdFactory(namespace.unique_key).from_name("one")
    caller = Caller()
    address = ObjectAddress(namespace, object_id, "one")  # as another shard has it
    request = ObjectRequest("GET", "http://x/", "", None, None)
    deployment.runtime.local.fetch(cast("Any", caller), 1, address, request)
    async with asyncio.timeout(PATIENCE_S):
        assert await caller.answer == "New 1"


async def asked(runtime: Runtime, namespace: Namespace, method: str = "GET") -> str:
    """What the object 'one' answers to who knows a namespace so."""
    caller = Caller()
    object_id = IdFactory(namespace.unique_key).from_name("one")
    request = ObjectRequest(method, "http://x/", "", None, None)
    address = ObjectAddress(namespace, object_id, "one")
    try:
        runtime.local.fetch(cast("Any", caller), 1, address, request)
    except CatalogError as error:
        return str(error)
    async with asyncio.timeout(PATIENCE_S):
        return await caller.answer


async def test_objects_of_a_class_that_is_made_anew_live_in_its_new_code_alone(
    deployment: Deployment, tmp_path: Path
) -> None:
    metadata = {"bindings": [binding("Thing")], "compatibility_date": "2026-07-01"}
    made = {"new_tag": "v1", "new_sqlite_classes": ["Thing"]}
    await deployment.upload("main", worker("Thing"), **metadata, migrations=made)
    (before,) = deployment.catalog.namespaces()
    loop, settings = asyncio.get_running_loop(), Settings(tmp_path / "other")
    other = Runtime(  # another shard, which hears of things later
        settings,
        CatalogSource(deployment.catalog),
        open_storage(settings, loop),
        console=print,
        loop=loop,
    )
    silent = SimpleNamespace(index=1)
    other.namespaces.catch_up = Clerk(other, cast("Any", silent)).refresh
    try:
        assert await asked(other, before, "POST") == "Thing 1"
        anew = {
            "old_tag": "v1",
            "new_tag": "v2",
            "deleted_classes": ["Thing"],
            "new_sqlite_classes": ["Thing"],
        }
        source = worker("Thing").replace("`Thing ", "`Anew ")
        answer = await deployment.upload("main", source, **metadata, migrations=anew)
        assert answer["success"], answer
        (after,) = deployment.catalog.namespaces()
        assert await asked(deployment.runtime, before) == NAMESPACE_DELETED
        assert await asked(other, before) == "Thing 1", "it has heard of nothing"
        assert await asked(other, after, "POST") == "Anew 1"
        assert await asked(other, before) == NAMESPACE_DELETED
        assert await asked(other, replace(before, unique_key="0" * 32)) == NAMESPACE_DELETED
        assert not other.alarms.namespace(before.unique_key)
    finally:
        await other.aclose()


SLEEPER = """
export class %s {
  constructor(ctx) { this.ctx = ctx; }
  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }
  webSocketMessage(socket) { socket.send("%s"); }
}
export default { fetch: (request, env) => env.O.get(env.O.idFromName("one")).fetch(request) };
"""


async def test_an_object_that_sleeps_while_its_class_is_transferred_is_not_woken_by_the_giver(
    deployment: Deployment,
) -> None:
    made = {"new_tag": "v1", "new_sqlite_classes": ["Thing"]}
    metadata = {"bindings": [binding("Thing")], "migrations": made}
    assert (await deployment.upload("giver", SLEEPER % ("Thing", "giver"), **metadata))["success"]
    url = f"http://127.0.0.1:{deployment.port}/"
    giver = {"Host": "giver.localhost"}
    async with deployment.session.ws_connect(url, headers=giver) as socket:
        await socket.send_str("hello")
        assert await socket.receive_str() == "giver"
        home = deployment.runtime.resident("giver").home
        while home.evict_idle(-1, 100):
            await asyncio.sleep(0)
        assert len(deployment.runtime.directory) == 0
        taken = {"from": "Thing", "from_script": "giver", "to": "Taken"}
        metadata = {
            "bindings": [binding("Taken")],
            "migrations": {"new_tag": "v1", "transferred_classes": [taken]},
        }
        answer = await deployment.upload("taker", SLEEPER % ("Taken", "taker"), **metadata)
        assert answer["success"], answer
        assert (await socket.receive()).data == 1012
    async with deployment.session.ws_connect(url, headers=giver) as socket:  # bound to it still
        await socket.send_str("hello")
        assert await socket.receive_str() == "taker"
