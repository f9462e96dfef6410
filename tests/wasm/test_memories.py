"""Memories, tables and globals: what instances and JavaScript share."""

from tests.inprocess import Server
from tests.wasm.modules import told, wat

MEMORY = """(module (memory (export "memory") 1 4) (data (i32.const 8) "hello")
  (func (export "get") (param i32) (result i32) local.get 0 i32.load8_u)
  (func (export "set") (param i32 i32) local.get 0 local.get 1 i32.store8)
  (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))"""


async def test_a_buffer_is_the_memory_itself_until_that_grows(server: Server) -> None:
    body = """
        const e = instantiate();
        const { memory } = e;
        const buffer = memory.buffer, bytes = new Uint8Array(buffer);
        const text = new TextDecoder().decode(bytes.subarray(8, 13));
        bytes[0] = 7; e.set(1, 9);
        const before = [text, e.get(0), bytes[1], buffer === memory.buffer, buffer.byteLength, e.memory === memory];
        const grown = [e.grow(1), buffer.detached, bytes.length, memory.buffer === buffer, memory.buffer.byteLength];
        const second = memory.buffer;
        const more = [memory.grow(1), second.byteLength, memory.buffer.byteLength, new Uint8Array(memory.buffer)[1], e.grow(0)];
        return [before, grown, more, e.grow(2), attempt(() => memory.grow(2)), memory.grow(0), memory.buffer.detached];
    """
    page = 65_536
    assert await told(server, MEMORY, body) == [
        ["hello", 7, 9, True, page, True],
        [1, True, 0, False, 2 * page],
        [2, 0, 3 * page, 9, 3],
        *(-1, "RangeError: WebAssembly.Memory.grow(): Maximum memory size exceeded", 3, False),
    ]


async def test_a_buffer_cannot_be_taken_away(server: Server) -> None:
    body = """
        const { memory } = instantiate(), { buffer } = memory;
        const refused = [
          () => buffer.transfer(), () => structuredClone(buffer, { transfer: [buffer] }),
          () => buffer.resize(1),
        ].map((run) => attempt(run).split(":")[0]);
        const taken = ArrayBuffer.prototype.transfer.call(buffer);
        new Uint8Array(taken)[0] = 5;
        attempt(() => ArrayBuffer.prototype.transfer.call(memory.buffer, 10));
        return [refused, new Uint8Array(structuredClone(memory.buffer)).length];
    """
    assert await told(server, MEMORY, body) == [
        ["TypeError", "DataCloneError", "TypeError"],
        65_536,
    ]


IMPORTED = """(module
  (import "to" "memory" (memory 1))
  (import "to" "table" (table 2 funcref))
  (import "to" "count" (global $count (mut i32)))
  (import "to" "fixed" (global $fixed i64))
  (import "to" "object" (global $object externref))
  (export "memory" (memory 0)) (export "table" (table 0)) (export "count" (global $count))
  (export "object" (global $object))
  (type $v (func (result i32)))
  (func $first (export "first") (result i32) i32.const 1)
  (func (export "load") (param i32) (result i32) local.get 0 i32.load8_u)
  (func (export "grow") (result i32) i32.const 1 memory.grow)
  (func (export "bump") global.get $count i32.const 1 i32.add global.set $count)
  (func (export "fixed") (result i64) global.get $fixed)
  (func (export "call") (param i32) (result i32) local.get 0 call_indirect (type $v))
  (elem (i32.const 0) func $first))"""


async def test_what_a_script_has_made_is_shared(server: Server) -> None:
    body = """
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 5 });
        const table = new WebAssembly.Table({ initial: 2, element: "anyfunc" });
        const count = new WebAssembly.Global({ value: "i32", mutable: true }, 5);
        const object = {};
        const early = new Uint8Array(memory.buffer);
        early[3] = 42;
        const a = instantiate({ to: { memory, table, count, fixed: 9n, object } });
        const b = instantiate({ to: { memory, table, count, fixed: 9n, object } });
        a.bump(); b.bump();
        const shared = [a.load(3), b.load(3), early.length, a.memory === memory, b.table === table, a.count === count, count.value, a.object.value === object, String(a.fixed())];
        const grown = [a.grow(), early.length, memory.buffer.byteLength, b.grow(), memory.buffer.byteLength, a.load(65536 * 2), memory.grow(1)];
        const functions = [table.get(0) === b.first, table.length, table.get(1), a.call(0), table.set(1, a.first), b.call(1), table.get(1) === a.first, table.grow(3, b.first), table.get(4) === b.first, table.length];
        return [shared, grown, functions, attempt(() => b.load(2 ** 20)), (count.value = 2 ** 32 + 3, count.value), a.count.valueOf()];
    """
    page = 65_536
    assert await told(server, IMPORTED, body) == [
        [42, 42, page, True, True, True, 7, True, "9"],
        [1, 0, 2 * page, 2, 3 * page, 0, 3],
        [True, 2, None, 1, None, 1, True, 2, True, 5],
        "RuntimeError: memory access out of bounds",
        *(3, 3),
    ]


async def test_a_memory_serves_instances_that_know_nothing_of_each_other(server: Server) -> None:
    # The first two have tables of their own, and so stores of their own.
    body = """
        const memory = new WebAssembly.Memory({ initial: 1 });
        const make = () => instantiate({ to: {
          memory, table: new WebAssembly.Table({ initial: 2, element: "anyfunc" }),
          count: new WebAssembly.Global({ value: "i32", mutable: true }), fixed: 0n, object: null,
        } });
        const first = make();
        const other = new WebAssembly.Table({ initial: 2, element: "anyfunc" });
        instantiateOther();
        const second = instantiate({ to: {
          memory, table: other, count: new WebAssembly.Global({ value: "i32", mutable: true }), fixed: 0n, object: null,
        } });
        const before = memory.buffer;
        const told = [first.grow(), before.detached, second.load(65536), second.grow(), first.load(65536 * 2), memory.buffer.byteLength / 65536];
        new Uint8Array(memory.buffer)[65536 * 2] = 6;
        return [...told, first.load(65536 * 2), second.load(65536 * 2), memory.grow(1), first.load(65536 * 3)];
        function instantiateOther() {
          new WebAssembly.Instance(holder, { to: { table: other } });
        }
    """
    holder = wat(
        '(module (import "to" "table" (table 2 funcref)) (table (export "own") 1 funcref))'
    )
    top = f"const holder = new WebAssembly.Module(new Uint8Array({list(holder)}));"
    assert await told(server, IMPORTED, body, top=top) == [1, True, 0, 2, 0, 3, 6, 6, 3, 0]


async def test_limits_and_types_are_looked_at(server: Server) -> None:
    body = """
        const make = (Class, ...given) => attempt(() => String(new WebAssembly[Class](...given)));
        return [
          make("Memory"), make("Memory", {}), make("Memory", { initial: 2, maximum: 1 }),
          make("Memory", { initial: 65537 }), make("Memory", { initial: 1, shared: true }),
          make("Memory", { initial: 1 }), make("Table", { initial: 1, element: "i32" }),
          make("Table", { initial: 1, element: "externref" }, 5), make("Global", { value: "i31" }),
          make("Global", { value: "i64" }, 1), make("Global", { value: "f32" }, 0.1),
          new WebAssembly.Global({ value: "f32" }, 0.1).value,
          new WebAssembly.Memory({ shared: true, initial: 0, maximum: 0 }).buffer instanceof SharedArrayBuffer,
          new WebAssembly.Table({ initial: 1, element: "externref" }).get(0) === undefined,
          attempt(() => new WebAssembly.Table({ initial: 1, element: "anyfunc" }).set(0, () => {})).slice(0, 61),
          attempt(() => instantiate({ to: {} })),
          attempt(() => instantiate({ to: { memory: new WebAssembly.Memory({ initial: 0 }) } })),
        ];
    """
    assert await told(server, IMPORTED, body) == [
        "TypeError: WebAssembly.Memory(): Argument 0 must be a descriptor",
        "TypeError: WebAssembly.Memory(): Property 'initial' is required",
        "RangeError: WebAssembly.Memory(): Property 'maximum': value 1 is below the lower bound 2",
        "RangeError: WebAssembly.Memory(): Property 'initial': value 65537 is above the upper bound 65536",
        "TypeError: WebAssembly.Memory(): If shared is true, maximum property should be specified.",
        "[object WebAssembly.Memory]",
        "TypeError: WebAssembly.Table(): Descriptor property 'element' must be a WebAssembly reference type",
        "[object WebAssembly.Table]",
        "TypeError: WebAssembly.Global(): 'i31' is not a value type",
        "TypeError: cannot convert to bigint",
        "[object WebAssembly.Global]",
        *(0.10000000149011612, True, True),
        "TypeError: WebAssembly.Table.set(): Argument 1 is invalid for",
        'LinkError: WebAssembly.Instance(): Import #0 "to" "memory": memory import must be a WebAssembly.Memory object',
        'LinkError: WebAssembly.Instance(): Import #1 "to" "table": table import requires a WebAssembly.Table',
    ]


SHARES = """(module
  (import "to" "f" (func $f (result i32)))
  (import "to" "memory" (memory 1))
  (table (export "table") 1 funcref)
  (elem (i32.const 0) $f)
  (export "memory" (memory 0)))"""
HAS = """(module (memory (export "memory") 1 3) (table (export "table") 1 funcref)
  (func (export "f") (result i32) i32.const 7))"""


async def test_what_is_another_instances_is_the_same_where_it_is_put(server: Server) -> None:
    """The two have nothing in common until a third is given something of each."""
    body = """
        const [has, keeps] = [instantiate(), instantiate()];
        const shares = new WebAssembly.Instance(shares_, { to: { f: has.f, memory: has.memory } }).exports;
        const first = [shares.memory === has.memory, shares.table.get(0)()];
        shares.table.set(0, has.f);
        first.push(shares.table.get(0) === has.f);
        shares.table.set(0, keeps.f);
        const second = [shares.table.get(0) === keeps.f, shares.table.get(0) === has.f];
        const tables = new WebAssembly.Instance(tables_, { to: { memory: has.memory, table: keeps.table } }).exports;
        return [first, second, tables.size(), attempt(() => has.memory.grow(3)), has.memory.grow(2)];
    """
    tables = """(module (import "to" "memory" (memory 1 3)) (import "to" "table" (table 1 funcref))
      (func (export "size") (result i32) memory.size))"""
    top = "".join(
        f"const {name}_ = new WebAssembly.Module(new Uint8Array({list(wat(text))}));"
        for name, text in (("shares", SHARES), ("tables", tables))
    )
    assert await told(server, HAS, body, top=top) == [
        [True, 7, True],
        [True, False],
        1,
        "RangeError: WebAssembly.Memory.grow(): Maximum memory size exceeded",
        1,
    ]
