import { structuredClone } from "holdfast:serialize/index.js";
import { equal, ok, same, throws } from "./assert.js";

export function primitives_are_themselves() {
  for (const value of [undefined, null, true, 0, -0, NaN, "x", 10n]) same(structuredClone(value), value);
  throws(() => structuredClone(Symbol("x")), "DataCloneError");
  throws(() => structuredClone(() => 1), "DataCloneError");
}

export function graphs_keep_their_shape() {
  const shared = { x: [1, , 3] };
  const value = { a: shared, b: shared, "я": new Map([[shared, value_of_many()]]) };
  value.self = value;
  const copy = structuredClone(value);
  ok(copy !== value);
  same(copy.self, copy);
  same(copy.a, copy.b);
  ok(copy["я"].has(copy.a));
  equal(Object.keys(copy.a.x), ["0", "2"]);
  same(copy.a.x.length, 3);
}

const value_of_many = () => ["x", { deep: [[[]]] }, new Date(5), /x/g, new Set([1])];

export function __proto___stays_a_property() {
  const copy = structuredClone(JSON.parse('{"__proto__": {"polluted": 1}}'));
  equal(Object.keys(copy), ["__proto__"]);
  same(Object.getPrototypeOf(copy), Object.prototype);
}

export function it_has_the_length_and_the_argument_check_of_web_idl() {
  same(structuredClone.length, 1);
  same(structuredClone.name, "structuredClone");
  throws(() => structuredClone(), TypeError);
  throws(() => structuredClone(1, 2), TypeError);
  throws(() => structuredClone(1, { transfer: 1 }), TypeError);
  throws(() => structuredClone(1, { transfer: [1] }), TypeError);
  throws(() => structuredClone(1, { transfer: null }), TypeError);
  same(structuredClone(1, null), 1);
  same(structuredClone(1, {}), 1);
  same(structuredClone(1, { transfer: undefined }), 1);
  same(structuredClone(1, { transfer: new Set() }), 1);
}

export function a_buffer_moves_with_its_views() {
  const buffer = Uint8Array.of(1, 2, 3, 4).buffer;
  const value = { buffer, view: new Uint8Array(buffer, 1, 2), other: new Uint8Array([9]) };
  const copy = structuredClone(value, { transfer: [buffer] });
  ok(buffer.detached);
  same(value.view.length, 0);
  same(value.other.length, 1);
  equal([...new Uint8Array(copy.buffer)], [1, 2, 3, 4]);
  same(copy.view.buffer, copy.buffer);
  equal([...copy.view], [2, 3]);
  ok(copy.other.buffer !== value.other.buffer);
}

export function a_buffer_that_is_not_in_the_value_is_detached_all_the_same() {
  const buffer = new ArrayBuffer(4);
  same(structuredClone("x", { transfer: [buffer] }), "x");
  ok(buffer.detached);
}

export function resizable_buffers_move_and_stay_resizable() {
  const buffer = new ArrayBuffer(4, { maxByteLength: 8 });
  const view = new Uint8Array(buffer);
  const copy = structuredClone({ view }, { transfer: [buffer] });
  ok(copy.view.buffer.resizable);
  copy.view.buffer.resize(6);
  same(copy.view.length, 6);
}

export function what_cannot_move_is_refused_and_nothing_moves() {
  const buffer = new ArrayBuffer(4);
  for (const transfer of [[buffer, buffer], [buffer, {}], [buffer, () => 1], [new Uint8Array(1)]]) {
    throws(() => structuredClone(1, { transfer }), "DataCloneError");
  }
  throws(() => structuredClone(() => 1, { transfer: [buffer] }), "DataCloneError");
  ok(!buffer.detached);
  const gone = new ArrayBuffer(4);
  gone.transfer();
  throws(() => structuredClone(1, { transfer: [gone] }), "DataCloneError");
  throws(() => structuredClone(1, { transfer: [new SharedArrayBuffer(1)] }), "DataCloneError");
}

export function a_getter_that_detaches_a_buffer_is_found_out() {
  const buffer = new ArrayBuffer(4);
  const value = {
    get a() {
      buffer.transfer();
      return 1;
    },
  };
  throws(() => structuredClone(value, { transfer: [buffer] }), "DataCloneError");
}

export function shared_memory_stays_shared() {
  const shared = new SharedArrayBuffer(4);
  const copy = structuredClone({ shared, view: new Int32Array(shared) });
  copy.view[0] = 7;
  same(new Int32Array(shared)[0], 7);
}

export function deep_nesting_ends_with_a_clean_error() {
  let deep = {};
  for (let i = 0; i < 200_000; i++) deep = { deep };
  throws(() => structuredClone(deep), RangeError);
  equal(structuredClone([1]), [1]);
}

export function changed_prototypes_do_not_mislead_it() {
  const { set } = Map.prototype;
  Map.prototype.set = () => {
    throw new Error("called");
  };
  try {
    same(structuredClone(new Map([]).constructor === Map), true);
    const map = set.call(new Map(), 1, 2);
    same(structuredClone(map).get(1), 2);
  } finally {
    Map.prototype.set = set;
  }
}

export function an_AggregateError_keeps_its_errors() {
  const error = new AggregateError([new TypeError("a")], "all");
  error.errors.push(error);
  const copy = structuredClone(error);
  ok(copy instanceof AggregateError);
  ok(copy.errors[0] instanceof TypeError);
  same(copy.errors[1], copy);
  equal(Object.keys(copy), []);
}
