"""`holdfast dev` and `run` with Workers that are bound to each other."""

import json
from pathlib import Path

import pytest

from tests.cli.running import Running, get, holdfast

pytestmark = pytest.mark.slow

ANY_PORT = ("--port", "0")
FRONT = """
export default {
  async fetch(request, env) {
    const object = env.COUNTER.getByName("a");
    return new Response([await (await env.BACK.fetch(request)).text(), await object.up()].join());
  },
};
"""
BACK = """
import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
  async up() {
    const count = ((await this.ctx.storage.get("count")) ?? 0) + 1;
    await this.ctx.storage.put("count", count);
    return count;
  }
}
export default { fetch: () => new Response("VERSION") };
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    counter = {"name": "COUNTER", "class_name": "Counter"}
    for name, fields in {
        "front": {
            "services": [{"binding": "BACK", "service": "back"}],
            "durable_objects": {"bindings": [{**counter, "script_name": "back"}]},
        },
        "back": {
            "durable_objects": {"bindings": [counter]},
            "migrations": [{"tag": "v1", "new_sqlite_classes": ["Counter"]}],
        },
    }.items():
        (tmp_path / name).mkdir()
        configuration = {"name": name, "main": "index.js", **fields}
        (tmp_path / name / "wrangler.json").write_text(json.dumps(configuration))
    (tmp_path / "front" / "index.js").write_text(FRONT)
    write_back(tmp_path, "first")
    return tmp_path


def write_back(folder: Path, version: str) -> None:
    (folder / "back" / "index.js").write_text(BACK.replace("VERSION", version))


def test_services_and_classes_of_others_are_bound_and_taken_up(folder: Path) -> None:
    with Running("dev", "front", "--with", "back", *ANY_PORT, folder=folder) as dev:
        url = dev.ready()
        assert get(url).text == "first,1"
        write_back(folder, "second")
        dev.line("back was reloaded")
        assert get(url).text == "second,2"
        (folder / "back" / "index.js").write_text("export default {")
        dev.line(r"\[back\] error: Uncaught SyntaxError")
        assert get(url).text == "second,3"


def test_what_one_sends_to_a_queue_another_gets(folder: Path) -> None:
    queues = {"front": "producers", "back": "consumers"}
    entry = {"binding": "JOBS", "queue": "jobs", "max_batch_timeout": 0}
    for name, role in queues.items():
        file = folder / name / "wrangler.json"
        configuration = json.loads(file.read_text())
        file.write_text(json.dumps({**configuration, "queues": {role: [entry]}}))
    answer = "Response.json(await env.JOBS.send('a job'))"
    front = f"export default {{ fetch: async (request, env) => {answer} }};"
    (folder / "front" / "index.js").write_text(front)
    back = "queue(batch) { console.log(`${batch.queue}: ${batch.messages[0].body}`); },"
    write_back(folder, f'"), {back} x: ("')
    with Running("dev", "front", "--with", "back", *ANY_PORT, folder=folder) as dev:
        get(dev.ready())
        dev.line(r"\[back\] jobs: a job")


def test_a_tail_worker_is_told_of_another_ones_events(folder: Path) -> None:
    file = folder / "front" / "wrangler.json"
    tailed = {**json.loads(file.read_text()), "tail_consumers": [{"service": "back"}]}
    file.write_text(json.dumps(tailed))
    tail = "tail([{ event }]) { console.log(`told of ${event.response.status}`); },"
    write_back(folder, f'"), {tail} x: ("')
    arguments = ("front", "--with", "back", "--workers", "2", *ANY_PORT)
    with Running("run", *arguments, folder=folder) as run:
        get(run.ready())
        run.line(r"\[back\] told of 200")


def test_objects_are_the_same_whichever_script_is_in_front(folder: Path) -> None:
    for count, workers in ((1, "1"), (2, "2")):
        arguments = ("front", "--with", "back", "--workers", workers, *ANY_PORT)
        with Running("run", *arguments, folder=folder) as run:
            assert get(run.ready()).text == f"first,{count}"
            assert run.stop() == 0
    (folder / "other.mjs").write_text("export default { fetch: () => new Response('other') };")
    with Running("run", "back", "--with", "other.mjs", *ANY_PORT, folder=folder) as run:
        assert get(run.ready()).text == "first"


def test_what_cannot_be_served_together_is_told_in_a_line(folder: Path) -> None:
    tailed = {"name": "tailed", "main": "index.js", "tail_consumers": [{"service": "x"}]}
    (folder / "tailed").mkdir()
    (folder / "tailed" / "wrangler.json").write_text(json.dumps(tailed))
    (folder / "tailed" / "index.js").write_text(FRONT)
    for arguments, told in (
        (("front", "--with", "front"), 'two of the scripts are called "front"'),
        (("back", "--with", "gone.mjs"), "gone.mjs does not exist"),
        (("front",), "name its project by --with"),
        (("tailed",), "go without by --without tail_consumers"),
    ):
        done = holdfast("run", *arguments, *ANY_PORT, folder=folder)
        assert (done.code, done.err.count("\n")) == (1, 1)
        assert told in done.err
