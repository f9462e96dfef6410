import {
  RememberingProxy,
  deserialize,
  refuseToClone,
  registerCloneable,
  registerTransferable,
  serialize,
  structuredClone,
} from "holdfast:serialize/index.js";
import { equal, ok, same, throws } from "./assert.js";

class Point {
  #x;
  #note;
  #data;
  constructor(x, note, data) {
    this.#x = x;
    this.#note = note;
    this.#data = data;
  }
  parts() {
    return [this.#x, this.#note, this.#data];
  }
  static is(value) {
    return #x in value;
  }
  static write(point, sink) {
    sink.uint32(point.#x);
    sink.text("имя");
    sink.bytes(Uint8Array.of(1, 2));
    sink.value(point.#note);
    sink.bytes(point.#data);
  }
  static read(source) {
    const x = source.uint32();
    same(source.text(), "имя");
    equal(source.bytes(), Uint8Array.of(1, 2));
    const note = source.value();
    return new Point(x, note, source.bytes());
  }
}
const { write, read } = Point;
registerCloneable(Point, { tag: 1000, olderTags: [999], write, read, isInstance: Point.is });

class Local {
  value = 1;
}
registerCloneable(Local, { write: () => {}, read: () => new Local() });

class Port {
  name;
  constructor(name) {
    this.name = name;
  }
}
registerTransferable(Port, {
  transfer(port) {
    const { name } = port;
    if (name === undefined) throw new DOMException("gone", "DataCloneError");
    port.name = undefined;
    return name;
  },
  receive: (name) => new Port(name),
});

class Handle {}
refuseToClone(Handle);

export function a_serializable_object_is_cloned_both_ways() {
  for (const clone of [structuredClone, (value) => deserialize(serialize(value))]) {
    const note = { list: [1] };
    const point = new Point(300, note, new Uint8Array(2000).fill(5));
    const copy = clone({ point, again: point, note });
    ok(Point.is(copy.point));
    same(copy.again, copy.point);
    const [x, copied, data] = copy.point.parts();
    same(x, 300);
    same(copied, copy.note);
    same(data.length, 2000);
    same(data[1999], 5);
  }
}

export function older_tags_are_read() {
  const bytes = serialize(new Point(1, null, new Uint8Array(0)));
  const hex = bytes.toHex();
  ok(hex.startsWith("ff0f5ce807"));
  const older = Uint8Array.fromHex(hex.replace("5ce807", "5ce707"));
  same(deserialize(older).parts()[0], 1);
}

export function what_only_inherits_from_a_serializable_class_is_plain() {
  equal(structuredClone(Object.assign(Object.create(Point.prototype), { a: 1 })), { a: 1 });
}

export function a_class_without_tag_is_cloned_but_not_stored() {
  ok(structuredClone(new Local()) instanceof Local);
  const error = throws(() => serialize(new Local()), "DataCloneError");
  same(
    error.message,
    'Could not serialize object of type "Local". This type does not support serialization.',
  );
}

export function platform_objects_that_are_not_serializable_are_refused() {
  class Own extends Handle {}
  for (const value of [new Handle(), new Own(), new Port("a")]) {
    throws(() => structuredClone({ value }), "DataCloneError");
    throws(() => serialize([value]), "DataCloneError");
  }
}

export function a_transferable_object_moves() {
  const port = new Port("a");
  const copy = structuredClone({ port, list: [port] }, { transfer: [port] });
  same(copy.port.name, "a");
  same(copy.list[0], copy.port);
  same(port.name, undefined);
  throws(() => structuredClone(1, { transfer: [port] }), "DataCloneError");
}

export function proxies_are_refused_and_not_asked() {
  const traps = new Proxy({}, { get: () => () => { throw new Error("asked"); } });
  for (const target of [{ a: 1 }, [1], new Map()]) {
    const proxy = new RememberingProxy(target, traps);
    for (const clone of [structuredClone, serialize]) {
      const error = throws(() => clone({ proxy }), "DataCloneError");
      same(error.message, "#<Object> could not be cloned.");
    }
  }
  const { proxy, revoke } = RememberingProxy.revocable({}, {});
  revoke();
  throws(() => serialize(proxy), "DataCloneError");
  equal(structuredClone({ a: 1 }), { a: 1 });
}

export function the_proxy_constructor_looks_like_the_native_one() {
  same(RememberingProxy.name, "Proxy");
  same(RememberingProxy.length, 2);
  ok(!("prototype" in RememberingProxy));
  throws(() => RememberingProxy({}, {}), TypeError);
  throws(() => new RememberingProxy(1, {}), TypeError);
  same(new RememberingProxy({ a: 1 }, {}).a, 1);
  same(new RememberingProxy({}, { get: () => 5 }).x, 5);
  equal(Object.getOwnPropertyNames(RememberingProxy).sort(), ["length", "name", "revocable"]);
}
