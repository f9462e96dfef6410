"""`holdfast serve` with several shards: uploads and the API reach all of them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.server.shard_process import kill
from tests.serving import TOKEN, TOKEN_VARIABLE, Answer, HoldfastProcess, Platform, curl

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="shards are found in /proc"),
]

WORKERS = 3
SCRIPT = """
export class Counter {
  constructor({ storage }) { this.storage = storage; }
  async fetch() {
    const n = (await this.storage.get("n") ?? 0) + 1;
    await this.storage.put("n", n);
    return new Response(`${n} by VERSION`);
  }
}
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const name = searchParams.get("name");
    if (pathname === "/version") return new Response("VERSION");
    if (pathname === "/kv") {
      if (searchParams.get("value")) await env.KV.put(name, searchParams.get("value"));
      return new Response(await env.KV.get(name));
    }
    if (pathname === "/cache") {
      const key = new Request(`http://cache.test/${name}`);
      const headers = { "cache-control": "max-age=60" };
      const { value } = Object.fromEntries(searchParams);
      if (value) await caches.default.put(key, new Response(value, { headers }));
      return new Response(await (await caches.default.match(key))?.text());
    }
    return env.Counter.get(env.Counter.idFromName(name)).fetch(request);
  },
};
"""
WATCHER = """
export default { tail: ([{ event }]) => console.log(`told of ${event.request.url}`) };
"""
NAMES = [f"object-{number}" for number in range(9)]  # some for each shard


class Sharded(Platform):
    is_new = True  # the script, which has no namespace yet

    def _start(self) -> HoldfastProcess:
        arguments = ["serve", "--port", str(self.port), "--api-port", str(self.api_port)]
        arguments += ["--data", str(self._folder / "data"), "--workers", str(WORKERS)]
        env = os.environ | {TOKEN_VARIABLE: TOKEN}
        return HoldfastProcess(arguments, (self.port, self.api_port), self._folder, env=env)

    def upload(self, version: str) -> None:
        source = self._folder / "counter.mjs"
        source.write_text(SCRIPT.replace("VERSION", version))
        bindings = [
            {"type": "durable_object_namespace", "name": "Counter", "class_name": "Counter"},
            {"type": "kv_namespace", "name": "KV", "namespace_id": self.kv},
        ]
        metadata = {"main_module": "counter.mjs", "bindings": bindings}
        if self.is_new:
            self.is_new = False
            metadata["migrations"] = {"new_tag": "1", "new_sqlite_classes": ["Counter"]}
        answer = self.call_api(
            "scripts/counter",
            *("--request", "PUT", "--form", f"metadata={json.dumps(metadata)}"),
            *("--form", f"counter.mjs=@{source};type=application/javascript+module"),
        )
        assert answer.status == 200, answer.text

    def upload_watcher(self) -> None:
        source = self._folder / "watcher.mjs"
        source.write_text(WATCHER)
        answer = self.call_api(
            "scripts/watcher",
            *("--request", "PUT", "--form", 'metadata={"main_module": "watcher.mjs"}'),
            *("--form", f"watcher.mjs=@{source};type=application/javascript+module"),
        )
        assert answer.status == 200, answer.text

    def log(self) -> str:
        return (self._folder / "holdfast.log").read_text()

    def make_kv(self) -> None:
        url = f"{self.api}/accounts/local/storage/kv/namespaces"
        authorization = f"Authorization: Bearer {TOKEN}"
        answer = curl("--header", authorization, "--json", '{"title": "kv"}', url)
        self.kv = json.loads(answer.text)["result"]["id"]

    def count(self, name: str) -> str:
        return self.ask("counter", f"/?name={name}").text

    def objects(self, path: str = "", *arguments: str | Path) -> Answer:
        found = json.loads(self.call_api("durable_objects/namespaces").text)["result"]
        return self.call_api(
            f"durable_objects/namespaces/{found[0]['id']}/objects{path}", *arguments
        )

    def metrics(self) -> dict[str, float]:
        answer = curl(
            "--header", f"X-Auth-Key: {TOKEN}", f"http://127.0.0.1:{self.api_port}/metrics"
        )
        lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def shards(self) -> list[int]:
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in children.split()]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sharded]:
    platform = Sharded(tmp_path_factory.mktemp("sharded"))
    try:
        platform.make_kv()
        platform.upload("one")
        yield platform
        assert platform.process.stop() == 0
    finally:
        platform.process.kill()


def test_an_upload_has_reached_every_shard_when_it_is_answered(platform: Sharded) -> None:
    for version in ("two", "three", "one"):
        platform.upload(version)
        assert {platform.ask("counter", "/version").text for _ in range(20)} == {version}
        assert {platform.count(name).split()[-1] for name in NAMES} == {version}


def test_a_gradual_deployment_has_reached_every_shard_when_it_is_answered(
    platform: Sharded,
) -> None:
    def deploy(**percentages: int) -> None:
        shares = [
            {"version_id": versions[word], "percentage": percentage}
            for word, percentage in percentages.items()
        ]
        put = ("--request", "POST", "--json", json.dumps({"versions": shares}))
        assert platform.call_api("scripts/counter/deployments", *put).status == 200

    def homes() -> dict[str, str]:
        told = {name: platform.count(name).split() for name in NAMES}
        counts = {name: int(count) for name, (count, _, _) in told.items()}
        assert all(counts[name] == counted.get(name, 0) + 1 for name in NAMES)
        counted.update(counts)
        return {name: version for name, (_, _, version) in told.items()}

    counted = {name: int(platform.count(name).split()[0]) for name in NAMES}
    versions = {}
    for word in ("one", "two"):
        platform.upload(word)
        listed = json.loads(platform.call_api("scripts/counter/versions").text)["result"]
        versions[word] = listed["items"][0]["id"]
    deploy(one=0, two=100)
    assert set(homes().values()) == {"two"}
    override = ("--header", f'Cloudflare-Workers-Version-Overrides: counter="{versions["one"]}"')
    assert {platform.ask("counter", "/version", *override).text for _ in range(20)} == {"one"}
    moved: set[str] = set()
    for percentage in (30, 60):
        deploy(one=percentage, two=100 - percentage)
        # From whichever shard a request comes, the object's owner says in which version it lives.
        found = homes()
        assert homes() == found
        now = {name for name in NAMES if found[name] == "one"}
        assert moved <= now
        moved = now
    victim = platform.shards()[1]
    kill(victim)
    assert homes() == found
    deploy(one=100)
    assert {platform.ask("counter", "/version").text for _ in range(20)} == {"one"}
    assert set(homes().values()) == {"one"}


def test_a_route_has_reached_every_shard_when_it_is_answered(platform: Sharded) -> None:
    def ask() -> set[int]:
        host = ("--header", "Host: app.example", f"http://127.0.0.1:{platform.port}/version")
        return {curl(*host).status for _ in range(20)}

    for patterns, status in ((["app.example/*"], 200), ([], 404)):
        body = json.dumps([{"pattern": pattern} for pattern in patterns])
        put = ("--request", "PUT", "--json", body)
        assert platform.call_api("scripts/counter/routes", *put).status == 200
        assert ask() == {status}


def test_metrics_are_those_of_all_shards(tmp_path: Path) -> None:
    platform = Sharded(tmp_path)
    try:
        platform.make_kv()
        platform.upload("one")
        for name in NAMES:
            platform.count(name)
        told = platform.metrics()
        assert told['holdfast_requests_total{script="counter",status="2xx"}'] == len(NAMES)
        assert told['holdfast_objects{script="counter",class="Counter"}'] == len(NAMES)
        assert told["holdfast_shards"] == told['holdfast_isolates{script="counter"}'] == WORKERS
        rounds = told['holdfast_storage_rounds_total{script="counter"}']
        assert rounds >= len(NAMES)
        victim = platform.shards()[1]
        kill(victim)
        while victim in platform.shards():
            assert platform.metrics()["holdfast_shards"] >= 1
        for name in NAMES:
            platform.count(name)
        told = platform.metrics()
        restarts = [told[f'holdfast_shard_restarts_total{{shard="{n}"}}'] for n in range(WORKERS)]
        assert restarts == [0, 1, 0]
        assert told['holdfast_requests_total{script="counter",status="2xx"}'] == 2 * len(NAMES)
        assert told['holdfast_storage_rounds_total{script="counter"}'] >= rounds + len(NAMES)
        assert platform.process.stop() == 0
    finally:
        platform.process.kill()


def test_the_api_lists_reads_and_deletes_objects_of_all_shards(platform: Sharded) -> None:
    for name in NAMES:
        platform.count(name)
    listed = json.loads(platform.objects("?limit=100").text)["result"]
    assert len(listed) >= len(NAMES)
    ids = [entry["id"] for entry in listed]
    assert ids == sorted(set(ids))
    first = json.loads(platform.objects(f"?limit=2&cursor={ids[0]}").text)["result"]
    assert [entry["id"] for entry in first] == ids[1:3]
    for name in NAMES:
        keys = json.loads(platform.objects(f"/name:{name}/keys").text)["result"]
        assert [entry["key"] for entry in keys] == ["n"]
        assert platform.objects(f"/name:{name}", "--request", "DELETE").status == 200
        assert platform.count(name).split()[0] == "1"


def test_kv_and_cache_are_one_for_all_shards(platform: Sharded) -> None:
    for path in ("/kv", "/cache"):
        for value in ("first", "second"):
            written = platform.ask("counter", f"{path}?name=key&value={value}")
            assert written.text == value
            read = {platform.ask("counter", f"{path}?name=key").text for _ in range(20)}
            assert read == {value}


def test_the_api_is_back_when_its_shard_has_died(platform: Sharded) -> None:
    counted = {name: int(platform.count(name).split()[0]) for name in NAMES}
    first, second, _ = platform.shards()
    os.kill(second, signal.SIGSTOP)  # nobody waits for it
    kill(first)
    assert curl(f"http://127.0.0.1:{platform.api_port}/health").status == 200
    assert second in platform.shards()
    os.kill(second, signal.SIGCONT)
    platform.upload("after")
    assert {platform.ask("counter", "/version").text for _ in range(20)} == {"after"}
    for name in NAMES:
        assert int(platform.count(name).split()[0]) == counted[name] + 1
    platform.upload("one")


def test_a_backup_has_the_objects_of_all_shards(platform: Sharded, tmp_path: Path) -> None:
    for name in NAMES:
        platform.count(name)
    listed = json.loads(platform.objects("?limit=100").text)["result"]
    file = tmp_path / "backup.tar"
    url = f"{platform.api}/accounts/local/backup"
    curl("--header", f"Authorization: Bearer {TOKEN}", "--output", file, url)
    with tarfile.open(file) as tar:
        kept = {Path(name).stem for name in tar.getnames()}
    assert {entry["id"] for entry in listed} <= kept


def test_a_backup_is_whole_though_a_shard_dies_meanwhile(platform: Sharded, tmp_path: Path) -> None:
    for name in NAMES:
        platform.count(name)
    file = tmp_path / "backup.tar"
    victim = platform.shards()[1]  # which is not the first shard, whether or not that was replaced
    os.kill(victim, signal.SIGSTOP)  # so that it is waited for
    url = f"{platform.api}/accounts/local/backup"
    header = f"Authorization: Bearer {TOKEN}"
    command = ["curl", "--silent", "--no-buffer", "--header", header, "--output", file, url]
    with subprocess.Popen(command) as backup:
        while not (file.exists() and file.stat().st_size):
            time.sleep(0.005)
        kill(victim)
        assert backup.wait(30) == 0
    with tarfile.open(file) as tar:
        found = [name for name in tar.getnames() if name.endswith(".sqlite") and "/" in name]
        assert tar.getnames()[-1] == "backup.json"
    assert len([name for name in found if len(Path(name).stem) == 64]) == len(NAMES)


def test_a_script_that_is_deleted_is_gone_from_all_shards(platform: Sharded) -> None:
    deleted = platform.call_api("scripts/counter?force=true", "--request", "DELETE")
    assert deleted.status == 200
    assert {platform.ask("counter", "/version").status for _ in range(20)} == {404}
    platform.is_new = True
    platform.upload("one")
    assert {platform.count(name) for name in NAMES} == {"1 by one"}


async def test_a_tail_hears_every_shard(platform: Sharded) -> None:
    platform.upload("one")
    created = json.loads(platform.call_api("scripts/counter/tails", "--request", "POST").text)
    url = created["result"]["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        asked = [f"/version?number={number}" for number in range(30)]
        for path in asked:  # each on a connection of its own, which any shard may take
            await asyncio.to_thread(platform.ask, "counter", path)
        async with asyncio.timeout(60):
            heard = [json.loads((await socket.receive()).data) for _ in asked]
    urls = [frame["event"]["request"]["url"] for frame in heard]
    assert sorted(urls) == sorted(platform.url("counter", path) for path in asked)


def test_a_tail_worker_is_told_in_every_shard(platform: Sharded) -> None:
    platform.upload("one")
    platform.upload_watcher()
    tailed = '{"tail_consumers": [{"service": "watcher"}]}'
    settings = ("--request", "PATCH", "--data", tailed)
    assert platform.call_api("scripts/counter/script-settings", *settings).status == 200
    urls = [f"/version?watched={number}" for number in range(12)]
    for url in urls:  # each on a connection of its own, which any shard may take
        platform.ask("counter", url)
    deadline = time.monotonic() + 30
    while (log := platform.log()).count("told of") < len(urls):
        assert time.monotonic() < deadline, log
        time.sleep(0.01)
    assert all(log.count(f"told of {platform.url('counter', url)}\n") == 1 for url in urls)
