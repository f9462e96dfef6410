"""Two versions of a script that are live together."""

import asyncio
from collections import Counter
from itertools import count
from typing import Any, cast

import aiohttp
import pytest

from holdfast.catalog import Script
from holdfast.catalog.traffic import Share, Traffic, point_of
from holdfast.objects.ids import IdFactory
from holdfast.server.shards.errands import Clerk
from holdfast.server.shards.neighbours import Neighbours
from holdfast.workers import ScriptInvalid
from tests.server.deployment import Deployment

THING = {
    "bindings": [
        {"type": "durable_object_namespace", "name": "THING", "class_name": "Thing"},
        {"type": "worker_loader", "name": "LOADER"},
    ]
}
SOURCE = """
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

export class Thing extends DurableObject {
  started = ++starts;
  async count() {
    const n = (await this.ctx.storage.get("n") ?? 0) + 1;
    await this.ctx.storage.put("n", n);
    return `%s ${n}`;
  }
  async alarm() { await this.ctx.storage.put("alarm", "%s"); }
  async arm() { await this.ctx.storage.setAlarm(Date.now()); }
  alarmed() { return this.ctx.storage.get("alarm"); }
  hold() {
    console.log("held");
    setTimeout(() => {}, 1e6);
    return new Promise((resolve) => { this.resolve = resolve; });
  }
  release() { this.resolve("%s"); return "%s"; }
  facet() { return this.ctx.facets.get("f", () => ({ class: this.ctx.exports.Part })).name(); }
  whoAmI() { return this.ctx.exports.Named.name(); }
  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }
  webSocketMessage(socket) { socket.send(`%s ${this.started}`); }
}
export class Part extends DurableObject { name() { return "%s"; } }
export class Named extends WorkerEntrypoint {
  name() { return "%s"; }
  fetch() { return new Response("%s"); }
}
let starts = 0;
export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    const stub = () => env.THING.getByName(searchParams.get("name"));
    if (pathname === "/own") return new Response(await ctx.exports.Named.name());
    if (pathname === "/loaded") {
      const code = { compatibilityDate: "2026-07-01", mainModule: "a.js" };
      const modules = { "a.js": "export default { fetch: (request, env) => env.NAMED.fetch(request) }" };
      const own = { ...code, modules, env: { NAMED: ctx.exports.Named({}) } };
      return env.LOADER.load(own).getEntrypoint().fetch(request);
    }
    if (pathname === "/socket") return stub().fetch(request);
    if (pathname !== "/") return new Response(await stub()[pathname.slice(1)]());
    return new Response("%s");
  },
  scheduled() { console.log("scheduled in %s"); },
};
"""
FIFTHS = 5


class Gradual:
    """A script with versions that are called by a letter."""

    def __init__(self, deployment: Deployment) -> None:
        self.it = deployment
        self.versions: dict[str, str] = {}
        self.names: list[str] = []  # of objects, by their points: one in each fifth
        self.rounds = 0

    async def begin(self) -> None:
        """A is live, B is kept."""
        answer = await self.it.upload("main", SOURCE.replace("%s", "A"), **THING)
        assert answer["success"], answer
        self.versions["A"] = self.it.catalog.record("main").version
        await self.keep("B")
        (namespace,) = self.it.catalog.namespaces()
        ids = IdFactory(namespace.unique_key)
        by_fifth: dict[int, str] = {}
        for number in count():
            name = f"object-{number}"
            by_fifth[int(point_of(ids.from_name(name)) * FIFTHS / 100)] = name
            if len(by_fifth) == FIFTHS:
                break
        self.names = [by_fifth[fifth] for fifth in range(FIFTHS)]

    async def keep(self, letter: str) -> None:
        form = aiohttp.FormData()
        metadata = aiohttp.payload.JsonPayload({"main_module": "main.mjs", **THING})
        form.add_field("metadata", metadata)
        kind = "application/javascript+module"
        source = SOURCE.replace("%s", letter)
        form.add_field("file", source, filename="main.mjs", content_type=kind)
        answer = await self.it.api("POST", "scripts/main/versions", data=form)
        assert answer["success"], answer
        self.versions[letter] = answer["result"]["id"]

    async def deploy(
        self, *, deferred: float | None = None, **percentages: float
    ) -> dict[str, Any]:
        versions = [
            {"version_id": self.versions[letter], "percentage": percentage}
            for letter, percentage in percentages.items()
        ]
        body: dict[str, Any] = {"strategy": "percentage", "versions": versions}
        if deferred is not None:
            body["code_update_strategy"] = {"mode": "deferred", "max_delay": deferred}
        answer = await self.it.api("POST", "scripts/main/deployments", json=body)
        assert answer["success"], answer
        result: dict[str, Any] = answer["result"]
        return result

    async def ask(self, path: str = "/", **headers: str) -> str:
        status, _, text = (await self.it.text("main", path, headers=headers)).partition(" ")
        assert status == "200", text
        return text

    async def ask_with_key(self, key: str) -> str:
        return await self.ask(**{"Cloudflare-Workers-Version-Key": key})

    async def ask_version(self, value: str) -> str:
        return await self.ask(**{"Cloudflare-Workers-Version-Overrides": value})

    async def objects(self) -> str:
        """Which version each object lives in, as letters; each has counted once more."""
        told = [(await self.ask(f"/count?name={name}")).split() for name in self.names]
        self.rounds += 1
        assert {counted for _, counted in told} == {str(self.rounds)}
        return "".join(letter for letter, _ in told)


@pytest.fixture
async def gradual(deployment: Deployment) -> Gradual:
    gradual = Gradual(deployment)
    await gradual.begin()
    return gradual


async def test_each_request_goes_to_a_version_by_percentage(gradual: Gradual) -> None:
    told = await gradual.deploy(B=30, A=70)
    shares = {entry["version_id"]: entry["percentage"] for entry in told["versions"]}
    assert shares == {gradual.versions["B"]: 30, gradual.versions["A"]: 70}
    found = Counter([await gradual.ask() for _ in range(60)])
    assert 5 <= found["B"] <= 40, found
    assert len(gradual.it.runtime.versions("main")) == 2


async def test_a_version_key_keeps_its_version_while_that_gains(gradual: Gradual) -> None:
    keys = [f"user-{number}" for number in range(16)]
    before: set[str] = set()
    for percentage in (10, 40, 75):
        await gradual.deploy(B=percentage, A=100 - percentage)
        now = {key for key in keys if await gradual.ask_with_key(key) == "B"}
        assert now == {key for key in keys if await gradual.ask_with_key(key) == "B"}
        assert before <= now and len(now) < len(keys)
        before = now
    assert before


async def test_an_override_reaches_a_version_that_takes_nothing(gradual: Gradual) -> None:
    await gradual.deploy(B=0, A=100)
    version = gradual.versions["B"]
    assert await gradual.ask() == "A"
    assert await gradual.ask_version(f'main="{version}"') == "B"
    assert await gradual.ask_version(f'other=1;a=?0, main="{version}";b, x=("a" 1.5);c=2') == "B"
    for value in (f'other="{version}"', f"main={version}", f'main="{version}",', 'main="none"'):
        assert await gradual.ask_version(value) == "A"
    await gradual.deploy(A=100)
    assert await gradual.ask_version(f'main="{version}"') == "A"


async def test_other_workers_choose_by_headers_too(gradual: Gradual) -> None:
    await gradual.deploy(B=0, A=100)
    source = """
      export default { async fetch({ headers }, { MAIN }) {
        const header = headers.get("x-version");
        const told = { headers: { "Cloudflare-Workers-Version-Overrides": `main="${header}"` } };
        const chosen = await (await MAIN.fetch("http://h/", told)).text();
        return new Response(chosen + await MAIN.fetch("http://h/").then((r) => r.text()));
      } };
    """
    bindings = [{"type": "service", "name": "MAIN", "service": "main"}]
    assert (await gradual.it.upload("user", source, bindings=bindings))["success"]
    headers = {"x-version": gradual.versions["B"]}
    assert await gradual.it.text("user", headers=headers) == "200 BA"


async def test_a_script_calls_itself_in_its_own_version(gradual: Gradual) -> None:
    await gradual.deploy(B=0, A=100)
    version = {"Cloudflare-Workers-Version-Overrides": f'main="{gradual.versions["B"]}"'}
    assert await gradual.ask("/own", **version) == "B"
    assert await gradual.ask("/loaded", **version) == "B"
    assert await gradual.ask("/loaded") == "A"
    await gradual.deploy(B=50, A=50)
    for name, letter in ((gradual.names[0], "B"), (gradual.names[-1], "A")):
        assert await gradual.ask(f"/whoAmI?name={name}") == letter
        assert await gradual.ask(f"/facet?name={name}") == letter


async def test_an_object_lives_in_one_version_and_moves_with_the_change(gradual: Gradual) -> None:
    assert await gradual.objects() == "AAAAA"
    await gradual.deploy(B=20, A=80)
    assert await gradual.objects() == "BAAAA"
    await gradual.deploy(A=40, B=60)  # the order in which they are named makes no difference
    assert await gradual.objects() == "BBBAA"
    await gradual.deploy(A=60, B=40)
    assert await gradual.objects() == "BBAAA"
    await gradual.keep("C")
    await gradual.deploy(C=80, B=20)  # what B has left it keeps
    assert await gradual.objects() == "BCCCC"
    await gradual.deploy(C=100)
    assert await gradual.objects() == "CCCCC"
    assert len(gradual.it.runtime.versions("main")) == 1


async def moving_and_staying(gradual: Gradual) -> tuple[str, str]:
    """Names of objects that go to B, and stay in A, when B gets half; both versions are up."""
    await gradual.deploy(B=0, A=100)
    assert await gradual.objects() == "AAAAA"
    return gradual.names[0], gradual.names[-1]


async def test_calls_under_way_end_where_an_object_moves_and_nowhere_else(gradual: Gradual) -> None:
    moving, staying = await moving_and_staying(gradual)
    waiting = {
        name: asyncio.ensure_future(gradual.it.text("main", f"/hold?name={name}"))
        for name in (moving, staying)
    }
    while len(gradual.it.lines) < 2:
        await asyncio.sleep(0)
    await gradual.deploy(B=50, A=50)
    assert (await waiting[moving]).startswith("500")
    assert any("its code was updated" in line for line in gradual.it.lines), gradual.it.lines
    assert await gradual.ask(f"/count?name={moving}") == "B 2"
    assert not waiting[staying].done()
    assert await gradual.ask(f"/count?name={staying}") == "A 2"
    assert await gradual.ask(f"/release?name={staying}") == "A"
    assert await waiting[staying] == "200 A"


async def test_sockets_of_an_object_that_moves_are_closed_and_others_go_on(
    gradual: Gradual,
) -> None:
    moving, staying = await moving_and_staying(gradual)
    headers = {"Host": "main.localhost"}
    url = f"http://127.0.0.1:{gradual.it.port}/socket?name="
    async with (
        gradual.it.session.ws_connect(url + moving, headers=headers) as leaves,
        gradual.it.session.ws_connect(url + staying, headers=headers) as stays,
    ):
        for socket in (leaves, stays):
            await socket.send_str("hello")
            assert (await socket.receive_str()).startswith("A ")
        home = gradual.it.runtime.resident("main").home
        while home.evict_idle(-1, 100):  # asleep, they keep their sockets
            await asyncio.sleep(0)
        assert len(gradual.it.runtime.directory) == 0
        await gradual.deploy(B=50, A=50)
        closed = await leaves.receive()
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1012)
        await stays.send_str("hello")
        assert (await stays.receive_str()).startswith("A ")
    async with gradual.it.session.ws_connect(url + moving, headers=headers) as again:
        await again.send_str("hello")
        assert (await again.receive_str()).startswith("B ")


async def test_an_object_that_moves_may_keep_its_version_until_it_leaves_memory(
    gradual: Gradual,
) -> None:
    assert await gradual.objects() == "AAAAA"
    old = gradual.it.runtime.resident("main").home
    await gradual.deploy(deferred=60, B=50, A=50)
    assert await gradual.objects() == "AAAAA"
    assert not [*gradual.it.runtime.lingering]
    old.evict_idle(-1, 100)
    moved = await gradual.objects()
    assert set(moved) == {"A", "B"}
    await gradual.deploy(deferred=0.01, B=100)
    async with asyncio.timeout(10):
        while await gradual.objects() != "BBBBB":
            pass


async def test_alarms_run_in_the_version_of_their_object(gradual: Gradual) -> None:
    moving, staying = await moving_and_staying(gradual)
    await gradual.deploy(B=50, A=50)
    for name, letter in ((moving, "B"), (staying, "A")):
        await gradual.ask(f"/arm?name={name}")
        async with asyncio.timeout(10):
            while (told := await gradual.ask(f"/alarmed?name={name}")) != letter:
                assert told in ("undefined", ""), told


async def test_crons_and_tails_take_both_versions(gradual: Gradual) -> None:
    await gradual.deploy(B=50, A=50)
    frames: list[Any] = []
    stop = gradual.it.runtime.tails.listen("main", frames.append)
    for number in range(20):
        await gradual.it.runtime.worker_unless_slow("main").scheduled("* * * * *", number)
        await gradual.ask()
    stop()
    assert {line.split(": ")[1] for line in gradual.it.lines} == {
        "scheduled in A",
        "scheduled in B",
    }
    assert {frame["scriptVersion"]["id"] for frame in frames} == {*gradual.versions.values()}


async def test_a_gradual_deployment_outlives_a_restart(gradual: Gradual) -> None:
    await gradual.deploy(B=50, A=50)
    homes = await gradual.objects()
    assert homes[:2] + homes[3:] == "BBAA"
    gradual.it.runtime.remove("main")  # as a restart does: it is loaded from the catalog
    assert gradual.it.runtime.versions("main") == {}
    assert await gradual.objects() == homes
    assert {await gradual.ask() for _ in range(20)} == {"A", "B"}


async def test_an_isolate_that_dies_is_replaced_in_its_version(gradual: Gradual) -> None:
    await gradual.deploy(B=50, A=50)
    homes = await gradual.objects()
    version = gradual.versions["B"]
    gradual.it.runtime.versions("main")[version].worker.terminate("it went past a limit")
    assert await gradual.objects() == homes
    assert await gradual.ask_version(f'main="{version}"') == "B"


async def test_a_version_that_does_not_load_fails_its_own_events_alone(
    gradual: Gradual, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gradual.deploy(B=50, A=50)
    runtime = gradual.it.runtime
    source, bad = runtime.source.script, gradual.versions["B"]

    def script(name: str, version: str | None = None) -> Script:
        if version == bad:
            raise ScriptInvalid("it does not load")
        return source(name, version)

    monkeypatch.setattr(runtime.source, "script", script)
    runtime.remove("main")
    for letter, status in (("A", "200"), ("B", "500"), ("A", "200")):
        override = {"Cloudflare-Workers-Version-Overrides": f'main="{gradual.versions[letter]}"'}
        assert (await gradual.it.text("main", method="POST", headers=override)).startswith(status)
    # Sent by A, of which `override` is: to an object of B, and to one of A.
    for name, status in ((gradual.names[0], "500"), (gradual.names[-1], "200")):
        told = await gradual.it.text("main", f"/count?name={name}", headers=override)
        assert told.startswith(status)
    assert any("it does not load" in line for line in gradual.it.lines)
    monkeypatch.undo()
    assert await gradual.ask_version(f'main="{bad}"') == "B"


async def test_an_upload_replaces_both_and_settings_wait_until_then(gradual: Gradual) -> None:
    await gradual.deploy(A=10, B=90)
    secret = {"type": "secret_text", "name": "SECRET", "text": "s"}
    refused = await gradual.it.api("PUT", "scripts/main/secrets", json=secret)
    assert refused["errors"][0]["code"] == 10215
    await gradual.objects()
    migrations = {"new_tag": "1", "renamed_classes": [{"from": "Thing", "to": "Other"}]}
    source = SOURCE.replace("class Thing", "class Other").replace("%s", "C")
    bindings = [{**THING["bindings"][0], "class_name": "Other"}]
    answer = await gradual.it.upload("main", source, bindings=bindings, migrations=migrations)
    assert answer["success"], answer
    assert await gradual.objects() == "CCCCC"
    assert len(gradual.it.runtime.versions("main")) == 1
    # The versions before know no class of that name.
    shares = [{"version_id": gradual.versions[letter], "percentage": 50} for letter in "AB"]
    refused = await gradual.it.api("POST", "scripts/main/deployments", json={"versions": shares})
    assert refused["errors"][0]["code"] == 10064


async def test_versions_that_know_unlike_objects_are_not_live_together(gradual: Gradual) -> None:
    migrations = {"new_tag": "1", "deleted_classes": ["Thing"]}
    source = "export default { fetch() { return new Response('C'); } }"
    assert (await gradual.it.upload("main", source, migrations=migrations))["success"]
    gradual.versions["C"] = gradual.it.catalog.record("main").version
    shares = [{"version_id": gradual.versions[letter], "percentage": 50} for letter in "AC"]
    refused = await gradual.it.api("POST", "scripts/main/deployments", json={"versions": shares})
    assert refused["errors"][0]["code"] == 100405
    assert "THING" in refused["errors"][0]["message"]
    assert await gradual.ask() == "C"


async def test_another_shard_takes_up_what_the_catalog_says(gradual: Gradual) -> None:
    runtime = gradual.it.runtime
    clerk = Clerk(runtime, cast("Neighbours", None))
    await gradual.objects()
    kept = runtime.resident("main")
    shares = (Share(gradual.versions["B"], 50), Share(gradual.versions["A"], 50))
    gradual.it.catalog.deploy("main", Traffic(shares))  # which the first shard does
    await clerk("refresh")
    assert set(await gradual.objects()) == {"A", "B"}
    assert runtime.versions("main")[gradual.versions["A"]] is kept
    gradual.it.catalog.deploy("main", Traffic.whole(gradual.versions["B"]))
    await clerk("refresh")
    assert await gradual.objects() == "BBBBB"
    assert [*runtime.versions("main")] == [gradual.versions["B"]]
