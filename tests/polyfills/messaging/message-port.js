import { equal, ok, rejects, same, throws } from "./assert.js";

const heard = (target, type = "message") =>
  new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
const later = () => new Promise((resolve) => setTimeout(resolve, 0));

/** The data of the messages that come until `count` are there. */
function collect(port, count) {
  const seen = [];
  return new Promise((resolve) => {
    port.onmessage = (event) => {
      seen.push(event.data);
      if (seen.length === count) resolve(seen);
    };
  });
}

export async function messages_are_cloned_and_come_in_order_as_turns_of_their_own() {
  const { port1, port2 } = new MessageChannel();
  const order = [];
  port2.onmessage = ({ data, target, origin, source, ports, isTrusted }) => {
    order.push(data);
    same(target, port2);
    equal([origin, source, ports.length, isTrusted, Object.isFrozen(ports)], ["", null, 0, true, true]);
    Promise.resolve().then(() => order.push("microtask"));
  };
  const message = { deep: [new Date(7)] };
  port1.postMessage(message);
  port1.postMessage(2);
  message.deep = null;
  order.push("posted");
  await Promise.resolve();
  equal(order, ["posted"]);
  await later();
  equal(order, ["posted", { deep: [new Date(7)] }, "microtask", 2, "microtask"]);
}

export async function messages_wait_until_the_port_is_started() {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(1);
  const seen = [];
  port2.addEventListener("message", ({ data }) => seen.push(data));
  port1.postMessage(2);
  await later();
  equal(seen, []);
  port2.start();
  await later();
  equal(seen, [1, 2]);
  port1.postMessage(3);
  await later();
  equal(seen, [1, 2, 3]);
}

export async function buffers_move_and_a_refused_message_moves_nothing() {
  const { port1, port2 } = new MessageChannel();
  const buffer = new ArrayBuffer(3);
  throws(() => port1.postMessage(() => {}, [buffer]), "DataCloneError");
  throws(() => port1.postMessage(buffer, [buffer, buffer]), "DataCloneError");
  throws(() => port1.postMessage(1, [{}]), "DataCloneError");
  throws(() => port1.postMessage(1, [1]), TypeError);
  throws(() => port1.postMessage(1, 1), TypeError);
  throws(() => port1.postMessage(), TypeError);
  same(buffer.byteLength, 3);
  port1.postMessage({ buffer }, { transfer: [buffer] });
  same(buffer.byteLength, 0);
  const [{ buffer: moved }] = await collect(port2, 1);
  same(moved.byteLength, 3);
}

export async function a_transferred_port_takes_its_messages_along() {
  const inner = new MessageChannel();
  const outer = new MessageChannel();
  inner.port1.postMessage("waits");
  outer.port1.postMessage({ port: inner.port2 }, [inner.port2]);
  inner.port1.postMessage("comes later");
  inner.port2.postMessage("goes nowhere");
  inner.port2.onmessage = () => ok(false, "the detached port hears nothing");
  outer.port2.start();
  const { data, ports } = await heard(outer.port2);
  same(ports.length, 1);
  same(ports[0], data.port);
  ok(ports[0] instanceof MessagePort && ports[0] !== inner.port2);
  equal(await collect(ports[0], 2), ["waits", "comes later"]);
  ports[0].postMessage("back");
  equal(await collect(inner.port1, 1), ["back"]);
  throws(() => outer.port1.postMessage(1, [inner.port2]), "DataCloneError");
}

export async function a_started_port_that_moves_hears_nothing_until_it_is_started_again() {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = () => ok(false, "it has moved");
  port1.postMessage(1);
  const moved = structuredClone(port2, { transfer: [port2] });
  await later();
  equal(await collect(moved, 1), [1]);
}

export function a_port_is_not_cloned_nor_sent_through_itself_nor_made() {
  const { port1 } = new MessageChannel();
  throws(() => port1.postMessage(port1), "DataCloneError");
  throws(() => port1.postMessage(port1, [port1]), "DataCloneError");
  throws(() => structuredClone(new MessageChannel()), "DataCloneError");
  throws(() => new MessagePort(), TypeError);
  throws(() => MessagePort.prototype.start.call({}), TypeError);
}

export async function closing_ends_the_channel_after_what_was_posted() {
  const { port1, port2 } = new MessageChannel();
  const seen = collect(port2, 1);
  const closed = heard(port2, "close");
  port1.postMessage("before");
  port1.close();
  port1.close();
  port1.postMessage("after");
  port2.postMessage("nobody is there");
  equal(await seen, ["before"]);
  await closed;
  throws(() => structuredClone(port1, { transfer: [port1] }), "DataCloneError");
}

export async function closing_in_a_handler_does_not_stop_what_is_on_its_way() {
  const { port1, port2 } = new MessageChannel();
  const seen = [];
  port2.onmessage = ({ data }) => {
    seen.push(data);
    port2.close();
  };
  port1.postMessage(1);
  port1.postMessage(2);
  await later();
  equal(seen, [1, 2]);
}

export async function a_broadcast_is_heard_by_all_others_of_its_name() {
  const [one, two, three, other] = ["a", "a", "a", "b"].map((name) => new BroadcastChannel(name));
  const seen = [];
  for (const [name, channel] of Object.entries({ one, two, three, other })) {
    channel.onmessage = ({ data, target }) => {
      same(target, channel);
      seen.push(name + data.text);
    };
  }
  three.close();
  three.close();
  one.postMessage({ text: 1 });
  two.postMessage({ text: 2 });
  equal(seen, []);
  await later();
  equal(seen, ["two1", "one2"]);
  throws(() => three.postMessage(1), "InvalidStateError");
  throws(() => one.postMessage(() => {}), "DataCloneError");
  throws(() => new BroadcastChannel(), TypeError);
  same(one.name, "a");
  two.close();
  one.postMessage({ text: 3 });
  await later();
  equal(seen, ["two1", "one2"]);
  for (const channel of [one, other]) channel.close();
}

export async function a_channel_that_is_closed_hears_nothing_that_was_on_its_way() {
  const [one, two] = [new BroadcastChannel("c"), new BroadcastChannel("c")];
  two.onmessage = () => ok(false, "it is closed");
  one.postMessage(1);
  two.close();
  one.close();
  await later();
}
