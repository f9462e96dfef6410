"""Objects that can only wait for each other are told at once, wherever they live."""

from typing import Any

import pytest

from holdfast.testing import Harness

TOLD = "The Durable Object's code had hung and would never generate a response."

# A section reads what another object streams to it, which also waits for a call that the section
# holds back. Whether more of the stream comes is not for that call to say.
STREAMED = """
import { DurableObject } from "cloudflare:workers";
export class Writer extends DurableObject {
  #writer;
  async start() {
    const { readable, writable } = new IdentityTransformStream();
    this.#writer = writable.getWriter();
    const reader = this.ctx.exports.Reader.getByName("r");
    const read = reader.fetch("http://r/", { method: "POST", body: readable });
    await this.#writer.write(new TextEncoder().encode("one "));
    return [await reader.alive(), await (await read).text()];
  }
  end() {
    this.#writer.write(new TextEncoder().encode("two"));
    return this.#writer.close();
  }
}
export class Reader extends DurableObject {
  fetch(request) {
    return this.ctx.blockConcurrencyWhile(async () => new Response(await request.text()));
  }
  alive() { return "alive"; }
}
export default { async fetch(request, env, ctx) {
  const writer = ctx.exports.Writer.getByName("w");
  const told = writer.start().catch((e) => e.message);
  await scheduler.wait(5000);
  await writer.end();
  return Response.json(await told);
} }
"""

# Objects of two scripts, in isolates of their own, and a Worker between them.
FIRST = """
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
export class Relay extends WorkerEntrypoint {
  fetch(request) { return this.env.B.getByName("b").fetch(request); }
  pass(stub) { return this.env.B.getByName("b").back(stub); }
}
export class A extends DurableObject {
  log = [];
  get #self() { return this.ctx.exports.A.get(this.ctx.id); }
  alive() { return "alive"; }
  opened() { return this.gate; }
  start() { return START; }
  around(callback) { return this.ctx.blockConcurrencyWhile(callback); }
  notes() { return this.log; }
  async alarm() {
    await this.start().catch((e) => this.log.push(e.message));
  }
  setAlarm() { return this.ctx.storage.setAlarm(Date.now() + 1000); }
  webSocketMessage(socket) { return this.start().catch((e) => socket.send(e.message)); }
  fetch(request) {
    if (!request.headers.has("upgrade")) return new Response("fetched");
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }
}
export default { async fetch(request, env, ctx) {
  const a = ctx.exports.A.getByName("a");
  if (request.headers.has("upgrade")) return a.fetch(request);
  const told = await a.start().catch((e) => e.message);
  return Response.json([told, await a.alive()]);
} }
"""
SECOND = """
import { DurableObject } from "cloudflare:workers";
export class B extends DurableObject {
  back(stub) { return stub.alive(); }
  async backByFetch(stub) { return (await stub.fetch("http://a/")).text(); }
  withoutWaiting(stub) { stub.alive().catch(() => {}); return "not waited for"; }
  async soon(stub) {
    stub.alive().catch(() => {});
    await scheduler.wait(2000);
    return "later";
  }
  wait(stub) { return stub.opened(); }
  call(callback) { return callback(); }
  locked(stub) { return this.ctx.blockConcurrencyWhile(() => stub.alive()); }
  async further(stub) { return this.ctx.exports.B.getByName("c").back(stub); }
}
export default { fetch: () => new Response() };
"""
SECTIONS = [
    "this.ctx.blockConcurrencyWhile(() => CALL)",
    "this.ctx.storage.transaction(() => CALL)",
]
B = "this.env.B.getByName('b')"


def first(harness: Harness, section: str, call: str) -> Any:
    """The Worker of the first script, whose objects call the second's in a critical section."""
    start = section.replace("CALL", call.replace("B.", f"{B}.").replace("SELF", "this.#self"))
    second = harness.worker(SECOND)
    return harness.worker(FIRST.replace("START", start), env={"B": second.namespace("B")})


def told(holdfast: Harness, call: str, section: str = SECTIONS[0]) -> Any:
    """What the call in the critical section comes to; and it takes a second at most."""
    worker = first(holdfast, section, call)
    before = holdfast.clock.now
    answer, alive = worker.fetch("/").json()
    assert alive == "alive"
    if answer == TOLD:
        assert (holdfast.clock.now - before).total_seconds() <= 1
    return answer


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("way", ["back", "backByFetch"])
def test_a_call_back_into_the_section_that_waits_for_it_fails(
    holdfast: Harness, section: str, way: str
) -> None:
    assert told(holdfast, f"B.{way}(SELF)", section) == TOLD


@pytest.mark.parametrize(
    "call",
    [
        "B.further(SELF)",
        "this.ctx.exports.Relay.pass(SELF)",
        "Promise.all([B.back(SELF), B.backByFetch(SELF)])",
        "Promise.race([B.back(SELF), B.back(SELF)])",
        "this.ctx.exports.A.getByName('other').around(() => B.back(SELF))",
        "B.call(() => B.back(SELF))",
        "SELF.alive()",
    ],
)
def test_a_circle_is_found_however_long(holdfast: Harness, call: str) -> None:
    assert told(holdfast, call) == TOLD


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("B.withoutWaiting(SELF)", "not waited for"),
        ("B.soon(SELF)", "later"),
        ("B.call(() => 'called back')", "called back"),
        ("Promise.race([B.back(SELF), scheduler.wait(3000)])", None),
    ],
)
def test_what_can_still_go_on_is_left_alone(
    holdfast: Harness, call: str, answer: str | None
) -> None:
    assert told(holdfast, call) == answer


def test_a_section_that_reads_a_stream_is_left_alone(holdfast: Harness) -> None:
    assert holdfast.worker(STREAMED).fetch("/").json() == ["alive", "one two"]


def test_two_sections_that_call_each_other_are_told(holdfast: Harness) -> None:
    assert told(holdfast, "B.locked(SELF)") == TOLD


def test_the_code_that_is_told_may_go_on(holdfast: Harness) -> None:
    call = "B.back(SELF).catch(() => 'another way')"
    assert told(holdfast, call) == "another way"


def test_an_alarm_is_told(holdfast: Harness) -> None:
    a = first(holdfast, SECTIONS[1], "B.back(SELF)").object("A", name="a")
    a.call("setAlarm")
    holdfast.clock.advance(3)
    assert a.call("notes") == [TOLD]


def test_the_event_of_a_sleeping_socket_is_told(holdfast: Harness) -> None:
    socket = first(holdfast, SECTIONS[1], "B.back(SELF)").websocket("/")
    socket.send("go")
    assert socket.receive() == TOLD


def test_quiet_objects_that_wait_for_each_other_in_memory_are_told(holdfast: Harness) -> None:
    call = "new Promise((open) => B.wait(SELF).then(open, open)).then((e) => e.message)"
    worker = first(holdfast, "(this.gate = CALL)", call)
    answer, alive = worker.fetch("/").json()
    assert (answer, alive) == (TOLD, "alive")


def test_others_that_wait_at_the_gate_get_in_afterwards(holdfast: Harness) -> None:
    worker = first(holdfast, SECTIONS[1], "B.back(SELF)")
    a = worker.object("A", name="a")
    answer, alive = holdfast.gather([lambda: worker.fetch("/"), lambda: a.call("alive")])
    assert (answer.json(), alive) == ([TOLD, "alive"], "alive")
