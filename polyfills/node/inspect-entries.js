// The entries of collections as util.inspect shows them. The context has the functions that show
// what is in them.

const { getOwnPropertyDescriptor } = Object;

export const setSize = Function.prototype.call.bind(
  getOwnPropertyDescriptor(Set.prototype, "size").get,
);
export const mapSize = Function.prototype.call.bind(
  getOwnPropertyDescriptor(Map.prototype, "size").get,
);

export const typedLength = Function.prototype.call.bind(
  getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length").get,
);

function more(count, noun) {
  return `... ${count} more ${noun}${count > 1 ? "s" : ""}`;
}

export function arrayEntries(context, value, level) {
  const { length } = value;
  const shown = Math.min(Math.max(0, context.maxArrayLength), length);
  const output = [];
  let index = 0;
  for (; index < length && output.length < shown; index++) {
    if (Object.hasOwn(value, index)) {
      output.push(context.showProperty(context, value, level, `${index}`, 1));
      continue;
    }
    const first = index;
    // The next index that is there, found without walking a hole of thousands of millions.
    const next = Object.keys(value).find((key) => `${key >>> 0}` === key && +key > first);
    index = (next === undefined ? length : +next) - 1;
    const count = index + 1 - first;
    output.push(context.stylize(`<${count} empty item${count > 1 ? "s" : ""}>`, "undefined"));
  }
  if (index < length) output.push(more(length - index, "item"));
  return output;
}

export function typedArrayEntries(context, value, level) {
  const length = typedLength(value);
  const shown = Math.min(Math.max(0, context.maxArrayLength), length);
  const output = [];
  for (let i = 0; i < shown; i++)
    output.push(context.showPrimitive(context.stylize, value[i], context));
  if (length > shown) output.push(more(length - shown, "item"));
  if (context.showHidden) {
    context.indentation += 2;
    for (const key of ["BYTES_PER_ELEMENT", "length", "byteLength", "byteOffset", "buffer"]) {
      output.push(`[${key}]: ${context.show(context, value[key], level, true)}`);
    }
    context.indentation -= 2;
  }
  return output;
}

export function setEntries(context, value, level) {
  const output = [];
  const size = setSize(value);
  context.indentation += 2;
  for (const item of Set.prototype.values.call(value)) {
    if (output.length >= context.maxArrayLength) break;
    output.push(context.show(context, item, level, false));
  }
  context.indentation -= 2;
  if (size > output.length) output.push(more(size - output.length, "item"));
  return output;
}

export function mapEntries(context, value, level) {
  return pairEntries(context, value, level, Map.prototype.entries.call(value), mapSize(value));
}

export function pairEntries(context, _, level, pairs, size = pairs.length) {
  const output = [];
  context.indentation += 2;
  for (const [key, item] of pairs) {
    if (output.length >= context.maxArrayLength) break;
    output.push(
      `${context.show(context, key, level, false)} => ${context.show(context, item, level, false)}`,
    );
  }
  context.indentation -= 2;
  if (size > output.length) output.push(more(size - output.length, "item"));
  return output;
}

export function bufferEntries(context, value) {
  let bytes;
  try {
    bytes = new Uint8Array(value);
  } catch {
    return [context.stylize("(detached)", "special")];
  }
  const shown = Math.min(Math.max(0, context.maxArrayLength), bytes.length);
  const text = Array.from(bytes.subarray(0, shown), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join(" ");
  const rest = bytes.length - shown;
  const suffix = rest > 0 ? ` ... ${rest} more byte${rest > 1 ? "s" : ""}` : "";
  return [`${context.stylize("[Uint8Contents]", "special")}: <${text}${suffix}>`];
}
