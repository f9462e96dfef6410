import { deserialize, deserializeAll, serialize } from "holdfast:serialize/index.js";
import { equal, same, throws } from "./assert.js";

const shared = { deep: ["я", 1.5] };
const values = [
  1, -0, 2 ** 40, "a", "", "я", "x".repeat(40_000), true, null, undefined, 10n ** 30n, [], [1, , "z"],
  { one: 1, two: { three: "3" } }, [shared, shared], new Map([["k", new Set([1.25])]]), new Date(5),
  new Uint8Array([1, 2, 3]), new Float64Array([0.5, 2]), new Error("e"),
];

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

export function values_that_lie_end_to_end_are_what_each_alone_is() {
  const parts = values.map(serialize);
  const lengths = JSON.parse(JSON.stringify(parts.map(({ length }) => length)));
  const found = deserializeAll(joined(parts), lengths);
  equal(found.length, values.length);
  for (let i = 0; i < values.length; i++) equal(found[i], deserialize(parts[i]), String(i));
  same(found[14][0], found[14][1]);
  same(deserialize(serialize("the next one")), "the next one");
}

export function none_are_none() {
  equal(deserializeAll(new Uint8Array(0), []), []);
}

export function a_value_that_goes_on_into_the_next_is_refused() {
  const one = serialize("a text of some length");
  const both = joined([one, one]);
  throws(() => deserializeAll(both, [one.length - 1, one.length + 1]), "DataCloneError");
}

export function long_texts_come_back_whatever_characters_they_have() {
  for (const end of ["z", "\xff", "я", "\ud800", "\0"]) {
    const text = "x".repeat(300_000) + end;
    const value = { a: text, [`${end} ${text}`]: [text, new Uint8Array(2_000), "short", text] };
    equal(deserialize(serialize(value)), value, end);
    const size = end > "\xff" ? 2 * text.length : text.length;
    const head = serialize(text).length - size;
    same(head >= 6 && head <= 7, true, `${end}: ${head}`);
  }
}
