"""What untrusted modules may use, and that nothing of them stays."""

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.engine import Isolate, Limits, Module, ModuleKind
from holdfast.host.platform import Platform
from tests.inprocess import Server
from tests.wasm.modules import told, wat

SPIN = """(module
  (import "to" "js" (func $js))
  (memory (export "memory") 1)
  (func (export "spin") (loop $l br $l))
  (func (export "calls") (loop $l call $js br $l))
  (func (export "caught") (loop $l (block $h (try_table (catch_all $h) call $js)) br $l))
  (func (export "fine") (result i32) i32.const 1))"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "run",
    [
        "e.spin()",
        "e.calls()",
        "{ try { e.spin() } finally { for (;;); } }",
        "for (;;) e.fine()",
        "e.inner()",
        "e.caught()",
    ],
)
async def test_an_endless_loop_ends_with_its_isolate(tmp_path: Path, run: str) -> None:
    source = f"""
        import module from "./module.wasm";
        const e = {{ ...new WebAssembly.Instance(module, {{ to: {{ js() {{}} }} }}).exports }};
        e.inner = new WebAssembly.Instance(module, {{ to: {{ js() {{ e.spin(); }} }} }}).exports.caught;
        let before = 0;
        export default {{ fetch(request) {{
          if (request.url.endsWith("/spin")) {{ before++; {run}; }}
          return new Response(`${{before}}`);
        }} }};
    """
    async with Server(tmp_path, limits=Limits(turn_cpu_ms=200)) as server:
        server.add("main", source, modules={"module.wasm": wat(SPIN)})
        answer = await server.fetch("/spin")
        assert answer.status == 500 and "200 ms of CPU time" in "".join(server.lines)
        assert await server.text() == "0"  # in an isolate of its own


GROWS = """(module (memory (export "memory") 0) (table (export "table") 0 externref)
  (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))"""


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Server]:
    async with Server(tmp_path, limits=Limits(memory_bytes=32 << 20)) as server:
        yield server


async def test_memories_count_for_the_isolate(small: Server) -> None:
    body = """
        const e = instantiate();
        const most = e.grow(1000), some = e.grow(300), more = e.grow(300);
        const text = attempt(() => "x".repeat(1000).repeat(20000).length);
        const memory = attempt(() => String(new WebAssembly.Memory({ initial: 400 })));
        const another = attempt(() => instantiate().grow(300));
        return [most, some, more, text, memory, another, e.grow(1)];
    """
    assert await told(small, GROWS, body) == [
        *(-1, 0, -1),
        "InternalError: out of memory",
        "RangeError: WebAssembly: Out of memory: the isolate has no room for the memory",
        *(-1, 300),
    ]


async def test_instances_that_nobody_has_any_more_make_room(small: Server) -> None:
    body = """
        let most = 0;
        for (let count = 0; count < 100; count++) {
          const e = instantiate();  // through its own closure it is garbage in a circle
          e.memory.self = e;
          e.table.grow(1, e);
          most = e.grow(100);
          if (most < 0) return count;
        }
        return "enough";
    """
    assert await told(small, GROWS, body) == "enough"


LIVE = """
import module from "./module.wasm";
const held = [];
export function one() {
  let e;
  const imports = { to: { js: (value) => { held.length = 0; return e.memory && value; } } };
  e = new WebAssembly.Instance(module, imports).exports;
  new Uint8Array(e.memory.buffer).fill(1);
  const table = new WebAssembly.Table({ initial: 1, element: "externref" }, e);
  table.set(0, imports);
  e.grow(1);
  try { e.call({}); e.trap(); } catch {}
}
export function keepBuffer() {
  held.push(new WebAssembly.Instance(module, { to: { js() {} } }).exports.memory.buffer);
}
export const readKept = () => new Uint8Array(held[0]).length;
export function keepFunction() { held.push(new WebAssembly.Instance(module, { to: { js: (x) => x } }).exports.call); }
export const callKept = () => held.at(-1)("kept");
export const drop = () => { held.length = 0; };
"""
LIVE_WAT = """(module
  (import "to" "js" (func $js (param externref) (result externref)))
  (memory (export "memory") 2) (table (export "table") 10 externref)
  (func (export "call") (param externref) (result externref)
    i32.const 0 local.get 0 table.set 0 local.get 0 call $js)
  (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
  (func (export "trap") unreachable))"""


def live_counts() -> tuple[int, int, int]:
    from holdfast.engine.wasm import regions, room, store

    gc.collect()
    stores = sum(isinstance(found, store.Store) for found in gc.get_objects())
    return stores, len(regions._bound) + len(regions._viewed), len(room._tokens)


@pytest.fixture
def isolate() -> Isolate:
    made, _ = Platform().prepare(Limits(), with_node=False)
    made.serve(lambda name: lambda *_: None)
    made.add_modules(
        {
            "main.mjs": Module("main.mjs", ModuleKind.ESM, LIVE.encode()),
            "module.wasm": Module("module.wasm", ModuleKind.WASM, wat(LIVE_WAT)),
        }
    )
    return made


def test_what_nobody_has_any_more_is_gone_and_all_is_at_the_end(isolate: Isolate) -> None:
    namespace = isolate.evaluate("main.mjs")
    one = isolate.export(namespace, "one")
    isolate.call(one)
    isolate.collect_garbage()
    before, outside = live_counts(), isolate._heap_limit.outside_bytes
    for _ in range(20):
        isolate.call(one)
    isolate.collect_garbage()
    assert live_counts() == before and isolate._heap_limit.outside_bytes == outside
    isolate.call(isolate.export(namespace, "keepBuffer"))
    isolate.call(isolate.export(namespace, "keepFunction"))
    isolate.collect_garbage()
    assert isolate.call(isolate.export(namespace, "readKept")) == 131_072
    assert isolate.call(isolate.export(namespace, "callKept")) == "kept"
    isolate.call(isolate.export(namespace, "drop"))
    isolate.collect_garbage()
    assert live_counts() == before and isolate._heap_limit.outside_bytes == outside
    isolate.call(isolate.export(namespace, "keepBuffer"))
    isolate.call(isolate.export(namespace, "keepFunction"))
    isolate.close()
    assert live_counts() == (0, 0, 0)


DROPPED = """(module
  (import "to" "js" (func $js (result i32)))
  (memory 1) (table 4 externref)
  (func $start (drop (call $js)))
  (start $start)
  (func (export "call") (result i32)
    (i32.store (i32.const 0) (i32.const 5))
    (drop (call $js))
    (i32.add (i32.load (i32.const 0)) (i32.const 1))))"""


async def test_what_runs_is_there_until_it_has_ended(small: Server) -> None:
    # Memories that find no room have the engine look for garbage, within the call.
    body = """
        let e, calls = 0, refused = 0;
        const js = () => {
          calls++;
          e = undefined;
          const held = [];
          for (let count = 0; count < 5; count++) {
            try { held.push(new WebAssembly.Memory({ initial: 300 })); } catch { refused++; }
          }
          return 1;
        };
        e = { call: instantiate({ to: { js } }).call };
        return [(() => e.call())(), calls, refused > 0, Reflect.apply(instantiate({ to: { js } }).call, undefined, [])];
    """
    assert await told(small, DROPPED, body) == [6, 2, True, 6]


@pytest.mark.parametrize("grown", ["module", "handler"])
async def test_garbage_is_looked_for_within_what_memories_leave(tmp_path: Path, grown: str) -> None:
    """Past the limit an allocation fails: the look has to come before it."""
    source = f"""
        import module from "./module.wasm";
        const {{ grow }} = new WebAssembly.Instance(module, {{}}).exports;
        const take = () => grow(1_900);
        if ("{grown}" === "module") take();
        export default {{ fetch(request) {{
          if (request.url.endsWith("/take")) return new Response(`${{take()}}`);
          for (let i = 0; i < 6_000; i++) {{ const garbage = {{}}; garbage.self = [garbage]; }}
          return new Response("ok");
        }} }};
    """
    async with Server(tmp_path, limits=Limits(memory_bytes=128 << 20)) as server:
        server.add("main", source, modules={"module.wasm": wat(GROWS)})
        isolate = server.runtime.worker("main").host.isolate
        for turn in range(70):
            isolate.pace_collections()
            if turn == 10 and grown == "handler":
                assert await server.text("/take") == "0"
            assert await server.text() == "ok"
