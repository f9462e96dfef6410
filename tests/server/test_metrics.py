"""What a server counts, told to Prometheus."""

import re
from pathlib import Path
from typing import Any

import pytest

from holdfast.server.metrics import METRICS, Metrics
from holdfast.storage.d1 import Query
from holdfast.workers import Durations
from tests.server.deployment import METRICS_TOKEN, TOKEN, Deployment

SCRIPT = """
import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
  async fetch(request) {
    if (request.headers.get("upgrade")) {
      const [client, server] = Object.values(new WebSocketPair());
      server.accept();
      return new Response(null, { status: 101, webSocket: client });
    }
    await this.ctx.storage.put("n", 1);
    return new Response("stored");
  }
}
export default { async fetch(request, env) {
  const { pathname } = new URL(request.url);
  if (pathname === "/throw") throw new Error("thrown");
  if (pathname === "/missing") return new Response("no", { status: 404 });
  if (pathname === "/later") await new Promise((resolve) => setTimeout(resolve, 1));
  if (pathname === "/spin") for (;;);
  if (pathname === "/object") return env.Counter.get(env.Counter.idFromName("a")).fetch(request);
  return new Response("hello");
} };
"""
BINDING = {"type": "durable_object_namespace", "name": "Counter", "class_name": "Counter"}
MIGRATION = {"new_tag": "v1", "new_sqlite_classes": ["Counter"]}


async def scraped(site: Deployment, token: str = TOKEN) -> dict[str, float]:
    """The samples, by name and labels; each line is one, or tells of those that follow."""
    headers = {"Authorization": f"Bearer {token}"}
    url = f"http://127.0.0.1:{site.api_port}/metrics"
    async with site.session.get(url, headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return samples(await response.text())


def samples(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = re.fullmatch(r"(\w+(?:\{.*\})?) ([\d.e+-]+)", line).groups()
            assert name not in found
            found[name] = float(value)
    return found


async def test_requests_are_counted_by_script_and_status(deployment: Deployment) -> None:
    await deployment.upload("one", SCRIPT, bindings=[BINDING], migrations=MIGRATION)
    await deployment.upload("two", 'export default { fetch: () => new Response("two") };')
    for path in ("/", "/later", "/missing", "/throw", "/missing"):
        await deployment.text("one", path)
    await deployment.text("two")
    await deployment.text("nobody")
    told = await scraped(deployment)
    assert {name: value for name, value in told.items() if "requests_total" in name} == {
        'holdfast_requests_total{script="one",status="2xx"}': 2,
        'holdfast_requests_total{script="one",status="4xx"}': 2,
        'holdfast_requests_total{script="one",status="5xx"}': 1,
        'holdfast_requests_total{script="two",status="2xx"}': 1,
    }
    await deployment.upload("one", SCRIPT, bindings=[BINDING])
    await deployment.text("one")
    told = await scraped(deployment)
    assert told['holdfast_requests_total{script="one",status="2xx"}'] == 3, "a new version goes on"


async def test_requests_to_d1_are_counted_once_there_are_any(deployment: Deployment) -> None:
    metrics = Metrics(deployment.runtime)
    assert "\nholdfast_d1_requests_total{" not in await metrics.text()
    for sql in ("CREATE TABLE t (a)", "SELECT a FROM t", "SELECT 1"):
        await deployment.runtime.resources.d1.run("db", [Query(sql)], lambda _: None)
    told = samples(await metrics.text())
    assert told['holdfast_d1_requests_total{database="db",kind="write"}'] == 1
    assert told['holdfast_d1_requests_total{database="db",kind="read"}'] == 2
    assert 'holdfast_d1_waiting{database="db"}' not in told


async def test_it_is_told_how_long_answers_take_once_somebody_has_asked(
    deployment: Deployment,
) -> None:
    name = "holdfast_request_duration_seconds"
    await deployment.upload("one", SCRIPT, bindings=[BINDING], migrations=MIGRATION)
    await deployment.text("one")
    first = await scraped(deployment)
    assert first[f'{name}_count{{script="one"}}'] == 0, "nobody had asked"
    await deployment.upload("two", 'export default { fetch: () => new Response("two") };')
    for path in ("/", "/later", "/throw", "/missing"):
        await deployment.text("one", path)
    await deployment.text("two")
    told = await scraped(deployment)
    buckets = {
        re.search(r'le="(.*)"', series)[1]: count
        for series, count in told.items()
        if series.startswith(f'{name}_bucket{{script="one"')
    }
    assert [*buckets] == [*map(str, Durations.BOUNDS), "+Inf"]
    assert sorted(buckets.values()) == [*buckets.values()], "each counts those below as well"
    assert buckets["+Inf"] == told[f'{name}_count{{script="one"}}'] == 4
    assert buckets["0.001"] < 4, "one of them waits for a timer of a millisecond"
    assert 0.001 < told[f'{name}_sum{{script="one"}}'] < 10
    assert told[f'{name}_count{{script="two"}}'] == 1, "a script that came later"


async def test_objects_sockets_and_rounds_are_told(deployment: Deployment) -> None:
    await deployment.upload("one", SCRIPT, bindings=[BINDING], migrations=MIGRATION)
    before = await scraped(deployment)
    assert not any(name.startswith("holdfast_objects") for name in before)
    await deployment.text("one", "/object")
    url = f"http://127.0.0.1:{deployment.port}/object"
    async with deployment.session.ws_connect(url, headers={"Host": "one.localhost"}):
        told = await scraped(deployment)
    assert told['holdfast_objects{script="one",class="Counter"}'] == 1
    assert told['holdfast_storage_rounds_total{script="one"}'] >= 1
    assert before["holdfast_syncs_total"] < told["holdfast_syncs_total"]
    assert told["holdfast_websockets"] == 1
    assert told["holdfast_connections"] == 0, "the only one is the WebSocket now"
    assert told['holdfast_requests_total{script="one",status="1xx"}'] == 1
    assert told['holdfast_isolates{script="one"}'] == 1
    assert 100_000 < told['holdfast_isolate_memory_bytes{script="one"}'] < 64 << 20
    assert told["holdfast_process_resident_memory_bytes"] > 10 << 20
    assert told['holdfast_refused_total{reason="late"}'] == 0


async def test_what_a_script_has_loaded_counts_for_it(deployment: Deployment) -> None:
    source = """export default { async fetch(request, env) {
      const code = { compatibilityDate: "2026-07-01", mainModule: "a.js", limits: { cpuMs: 5 } };
      const modules = { "a.js": "export default { one: () => 1, spin: () => { for (;;); } };" };
      const worker = env.LOADER.get(new URL(request.url).pathname, () => ({ ...code, modules }));
      const one = await worker.getEntrypoint().one(1).catch(String);
      if (request.url.endsWith("spin")) await worker.getEntrypoint().spin(1).catch(() => {});
      return new Response(one);
    } }"""
    await deployment.upload("one", source, bindings=[{"type": "worker_loader", "name": "LOADER"}])
    for path in ("/a", "/b", "/b", "/spin"):
        assert await deployment.text("one", path) == "200 1"
    told = await scraped(deployment)
    assert told['holdfast_isolates{script="one"}'] == 3
    assert told['holdfast_isolate_memory_bytes{script="one"}'] > 1_000_000
    assert told['holdfast_isolates_stopped_total{script="one"}'] == 1


@pytest.mark.slow
async def test_an_isolate_that_was_stopped_is_counted(deployment: Deployment) -> None:
    await deployment.upload("one", SCRIPT, bindings=[BINDING], migrations=MIGRATION)
    assert (await deployment.text("one", "/spin")).startswith("500 ")
    told = await scraped(deployment)
    assert told['holdfast_isolates_stopped_total{script="one"}'] == 1
    assert 'holdfast_isolates{script="one"}' not in told
    assert told['holdfast_requests_total{script="one",status="5xx"}'] == 1


async def test_a_token_of_its_own_opens_the_metrics_alone(deployment: Deployment) -> None:
    assert await scraped(deployment, METRICS_TOKEN)
    origin = f"http://127.0.0.1:{deployment.api_port}"
    for path, token, status in (
        ("/metrics", "wrong", 401),
        ("/metrics", "", 401),
        ("/client/v4/accounts/a/workers/scripts", METRICS_TOKEN, 401),
        ("/client/v4/accounts/a/workers/scripts", TOKEN, 200),
    ):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with deployment.session.get(f"{origin}{path}", headers=headers) as response:
            assert response.status == status, (path, token)
    assert (await deployment.text("nobody", "/metrics")).startswith("404 There is no Worker")


async def test_a_script_that_is_deleted_is_told_of_no_more(deployment: Deployment) -> None:
    await deployment.upload("one", SCRIPT, bindings=[BINDING], migrations=MIGRATION)
    await deployment.text("one")
    await deployment.api("DELETE", "scripts/one")
    assert not any('"one"' in name for name in await scraped(deployment))


async def test_counters_go_on_where_a_shard_is_started_again(deployment: Deployment) -> None:
    name, other = ("holdfast_requests_total", "s", "2xx"), 'holdfast_requests_total{script="s",'
    answers: list[dict[int, Any]] = [
        {1: (77, {name: 10}, {("holdfast_connections",): 3})},
        {},  # it is down: what it had counted stays, its clients are gone
        {1: (78, {name: 2}, {("holdfast_connections",): 1})},
        {1: (78, {name: 4}, {("holdfast_connections",): 1})},
    ]

    async def ask(verb: str) -> dict[int, Any]:
        assert verb == "measure"
        return answers.pop(0)

    metrics = Metrics(deployment.runtime, ask, restarts=[0.0, 1.0])
    told = [samples(await metrics.text()) for _ in range(4)]
    assert [each[f'{other}status="2xx"}}'] for each in told] == [10, 10, 12, 14]
    assert [each["holdfast_connections"] for each in told] == [3, 0, 1, 1]
    assert [each["holdfast_shards"] for each in told] == [1, 1, 1, 1]
    assert told[0]['holdfast_shard_restarts_total{shard="1"}'] == 1


def test_each_metric_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operation.md").read_text()
    for name, metric in METRICS.items():
        assert f"| `{name}` |" in page
        assert (metric.kind == "counter") == name.endswith("_total")
        assert (metric.kind == "histogram") == name.endswith("_duration_seconds")


async def test_the_text_tells_of_each_metric_once(deployment: Deployment) -> None:
    text = await Metrics(deployment.runtime).text()
    assert re.findall(r"^# TYPE (\w+)", text, re.MULTILINE) == [*METRICS]
    assert len(re.findall(r"^# HELP", text, re.MULTILINE)) == len(METRICS)
