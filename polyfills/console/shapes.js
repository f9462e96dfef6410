// What is particular about the objects of each built-in class when they are shown.
//
// A shape is an object:
//   name     the class, shown where the depth ends
//   base     text that stands for the object, if it has some ("[Function: f]")
//   prefix   text before the braces ("Map(2) ")
//   list     true for square brackets
//   count    how many entries there are, so that none need be shown to tell
//   entries  (show, limit) => the entries as text, at most `limit` of them
//   hidden   keys that are shown though they are not enumerable
//   omitted  keys that are not shown: the base tells them already
//
// Built-in methods are captured and brands are checked by using them: an object that
// merely inherits from Map.prototype throws here and is shown as a plain one.

import { DOMException } from "../language/dom-exception.js";
import { isKnownProxy } from "../serialize/proxies.js";
import { quote, showPrimitive } from "./primitives.js";
import { hasView, pairsOf, viewOf } from "./views.js";

const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { min } = Math;
const { Uint8Array } = globalThis;
const getter = (prototype, name) => uncurry(getOwnPropertyDescriptor(prototype, name).get);
const isError = Error.isError;

const functionToString = uncurry(Function.prototype.toString);
const mapSize = getter(Map.prototype, "size");
const mapForEach = uncurry(Map.prototype.forEach);
const setSize = getter(Set.prototype, "size");
const setForEach = uncurry(Set.prototype.forEach);
const dateTime = uncurry(Date.prototype.getTime);
const dateToISOString = uncurry(Date.prototype.toISOString);
const regExpToString = uncurry(RegExp.prototype.toString);
const regExpSource = getter(RegExp.prototype, "source");
const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const arrays = getPrototypeOf(Uint8Array.prototype);
const arrayTag = getter(arrays, Symbol.toStringTag);
const arrayLength = getter(arrays, "length");
const viewBuffer = getter(DataView.prototype, "buffer");
const viewOffset = getter(DataView.prototype, "byteOffset");
const viewLength = getter(DataView.prototype, "byteLength");
const exceptionName = getter(DOMException.prototype, "name");
const exceptionMessage = getter(DOMException.prototype, "message");
const errorStack = getOwnPropertyDescriptor(Error.prototype, "stack")?.get;
const stackOfError = errorStack ? uncurry(errorStack) : () => undefined;
const startsWith = uncurry(String.prototype.startsWith);

const MAX_BUFFER_BYTES = 50;

const formatters = new Map([
  [Array.prototype, arrayShape],
  [Function.prototype, functionShape],
  [Error.prototype, errorShape],
  [DOMException.prototype, exceptionShape],
  [Map.prototype, mapShape],
  [Set.prototype, setShape],
  [Date.prototype, dateShape],
  [RegExp.prototype, regExpShape],
  [arrays, typedArrayShape],
  [ArrayBuffer.prototype, bufferShape],
  [DataView.prototype, dataViewShape],
  [Number.prototype, boxShape(uncurry(Number.prototype.valueOf))],
  [String.prototype, boxShape(uncurry(String.prototype.valueOf))],
  [Boolean.prototype, boxShape(uncurry(Boolean.prototype.valueOf))],
  [BigInt.prototype, boxShape(uncurry(BigInt.prototype.valueOf))],
  [Symbol.prototype, boxShape(uncurry(Symbol.prototype.valueOf))],
  [WeakMap.prototype, opaqueShape],
  [WeakSet.prototype, opaqueShape],
]);

/** The shape of an object or function. */
export function shapeOf(value) {
  if (isKnownProxy(value)) return { name: "Proxy", base: "[Proxy]", sealed: true };
  const name = classNameOf(value);
  // Without their prototypes these are still what they are.
  if (typeof value === "function") return functionShape(value, name);
  if (Array.isArray(value)) return arrayShape(value, name);
  for (let p = getPrototypeOf(value); p !== null; p = getPrototypeOf(p)) {
    if (isKnownProxy(p)) break;
    const shape = shapeFrom(p, value, name);
    if (shape !== undefined) return shape;
  }
  if (isError(value)) return errorShape(value, name);
  return plainShape(value, name);
}

function shapeFrom(prototype, value, name) {
  try {
    const pairs = pairsOf(value, prototype);
    if (pairs !== undefined) return listShape(value, name, pairs);
    if (hasView(prototype)) return viewShape(value, name, viewOf(value, prototype));
    return formatters.get(prototype)?.(value, name);
  } catch {
    return undefined;
  }
}

// ---- Names --------------------------------------------------------------------------

/** The value of a data property, own or inherited; never runs a getter. */
export function dataProperty(object, key) {
  for (let o = object; o !== null; o = getPrototypeOf(o)) {
    if (isKnownProxy(o)) return undefined;
    const descriptor = getOwnPropertyDescriptor(o, key);
    if (descriptor !== undefined) return descriptor.value;
  }
  return undefined;
}

/** The name of an object's class; "" where its prototypes lead to none. */
function classNameOf(value) {
  for (let p = getPrototypeOf(value); p !== null; p = getPrototypeOf(p)) {
    if (isKnownProxy(p)) return "";
    const constructor = getOwnPropertyDescriptor(p, "constructor")?.value;
    const name = typeof constructor === "function" ? functionName(constructor) : "";
    if (name !== "") return name;
  }
  return "";
}

function functionName(value) {
  if (isKnownProxy(value)) return "";
  const name = getOwnPropertyDescriptor(value, "name")?.value;
  return typeof name === "string" ? name : "";
}

/** "Foo(2) [tag] ", or nothing for what looks like its literal. */
function prefixFor(value, name, plain, size = "") {
  const tag = dataProperty(value, Symbol.toStringTag);
  const suffix = typeof tag === "string" && tag !== "" && tag !== name ? `[${tag}] ` : "";
  if (name === "") return `[${plain}${size}: null prototype] ${suffix}`;
  return name === plain && suffix === "" && size === "" ? "" : `${name}${size} ${suffix}`;
}

// ---- Shapes ---------------------------------------------------------------------------

function plainShape(value, name) {
  return { name: name || "Object", prefix: prefixFor(value, name, "Object"), count: 0 };
}

function viewShape(value, name, pairs) {
  return {
    name,
    prefix: `${name} `,
    count: pairs.length,
    entries: (show) => pairs.map(([key, attribute]) => `${key}: ${show(attribute)}`),
  };
}

function arrayShape(value, name) {
  const { length } = value;
  const prefix = name === "Array" ? "" : prefixFor(value, name, "Array", `(${length})`);
  return { name: name || "Array", prefix, list: true, count: length, entries };

  function entries(show, limit) {
    const texts = [];
    let index = 0;
    for (; index < length && texts.length < limit; index++) {
      const descriptor = getOwnPropertyDescriptor(value, index);
      if (descriptor === undefined) {
        const first = index;
        while (index + 1 < length && getOwnPropertyDescriptor(value, index + 1) === undefined) {
          // A sparse array may be four thousand million holes long.
          if (++index - first > 10_000) index = length - 1;
        }
        texts.push(`<${count(index + 1 - first, "empty item")}>`);
      } else {
        texts.push("value" in descriptor ? show(descriptor.value) : accessorText(descriptor));
      }
    }
    return withRest(texts, length - index, "item");
  }
}

/** What stands for a property with a getter or setter. */
export function accessorText({ get, set }) {
  if (get === undefined) return "[Setter]";
  return set === undefined ? "[Getter]" : "[Getter/Setter]";
}

function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function withRest(texts, rest, noun) {
  if (rest > 0) texts.push(`... ${rest} more ${noun}${rest === 1 ? "" : "s"}`);
  return texts;
}

function functionShape(value, name) {
  const own = functionName(value);
  const source = functionToString(value);
  if (startsWith(source, "class") && !startsWith(source, "class(")) {
    const parent = getPrototypeOf(value);
    const parentName = typeof parent === "function" ? functionName(parent) : "";
    const heritage = parentName === "" ? "" : ` extends ${parentName}`;
    return { name: "Function", base: `[class ${own || "(anonymous)"}${heritage}]`, count: 0 };
  }
  const kind = name || "Function (null prototype)";
  return { name: kind, base: `[${kind}${own ? `: ${own}` : " (anonymous)"}]`, count: 0 };
}

function mapShape(value, name) {
  const size = mapSize(value);
  return { name, prefix: prefixFor(value, name, "Map", `(${size})`), count: size, entries };

  function entries(show, limit) {
    const texts = [];
    mapForEach(value, (item, key) => {
      if (texts.length < limit) texts.push(`${show(key)} => ${show(item)}`);
    });
    return withRest(texts, size - texts.length, "item");
  }
}

function listShape(value, name, pairs) {
  const size = pairs.length;
  return { name, prefix: prefixFor(value, name, "Map", `(${size})`), count: size, entries };

  function entries(show, limit) {
    const texts = pairs.slice(0, limit).map(([key, item]) => `${show(key)} => ${show(item)}`);
    return withRest(texts, size - texts.length, "item");
  }
}

function setShape(value, name) {
  const size = setSize(value);
  return { name, prefix: prefixFor(value, name, "Set", `(${size})`), count: size, entries };

  function entries(show, limit) {
    const texts = [];
    setForEach(value, (item) => {
      if (texts.length < limit) texts.push(show(item));
    });
    return withRest(texts, size - texts.length, "item");
  }
}

function dateShape(value, name) {
  const time = dateTime(value);
  const text = time === time ? dateToISOString(value) : "Invalid Date";
  return { name, base: name === "Date" ? text : `${name} ${text}`, count: 0 };
}

function regExpShape(value, name) {
  regExpSource(value);
  const text = regExpToString(value);
  return { name, base: name === "RegExp" ? text : `${name} ${text}`, count: 0 };
}

function typedArrayShape(value, name) {
  const tag = arrayTag(value);
  const length = arrayLength(value);
  const prefix = prefixFor(value, name, tag, `(${length})`);
  return { name: name || tag, prefix, list: true, count: length, entries };

  function entries(show, limit) {
    const texts = [];
    for (let i = 0; i < min(length, limit); i++) texts.push(showPrimitive(value[i]));
    return withRest(texts, length - texts.length, "item");
  }
}

function bufferShape(value, name) {
  const size = bufferLength(value);
  return { name, prefix: `${name} `, count: 2, entries };

  function entries() {
    const shown = new Uint8Array(value, 0, min(size, MAX_BUFFER_BYTES));
    const pairs = [];
    for (let i = 0; i < shown.length; i++) pairs.push(shown[i].toString(16).padStart(2, "0"));
    withRest(pairs, size - shown.length, "byte");
    return [`[Uint8Contents]: <${pairs.join(" ")}>`, `byteLength: ${size}`];
  }
}

function dataViewShape(value, name) {
  return viewShape(value, name, [
    ["byteLength", viewLength(value)],
    ["byteOffset", viewOffset(value)],
    ["buffer", viewBuffer(value)],
  ]);
}

function boxShape(valueOf) {
  return (value, name) => {
    const primitive = valueOf(value);
    const text = typeof primitive === "string" ? quote(primitive) : showPrimitive(primitive);
    return { name, base: `[${name}: ${text}]`, count: 0, isString: typeof primitive === "string" };
  };
}

function opaqueShape(value, name) {
  return { name, prefix: `${name} `, count: 1, entries: () => ["<items unknown>"] };
}

// ---- Errors -----------------------------------------------------------------------------

const ERROR_KEYS = ["name", "message", "stack"];
const ERROR_HIDDEN = ["cause", "errors"];

function errorShape(value, name) {
  if (!isError(value)) return undefined;
  const own = dataProperty(value, "name");
  // A subclass that sets no name is better told by its own.
  const shown = typeof own === "string" && own !== "" && own !== "Error" ? own : name || "Error";
  const message = dataProperty(value, "message");
  const text = typeof message === "string" && message !== "" ? `${shown}: ${message}` : shown;
  return {
    name: shown,
    base: withStack(text, value),
    count: 0,
    hidden: ERROR_HIDDEN,
    omitted: ERROR_KEYS,
  };
}

function exceptionShape(value, name) {
  const text = `${name} [${exceptionName(value)}]: ${exceptionMessage(value)}`;
  return { name, base: withStack(text, value), count: 0, omitted: ERROR_KEYS };
}

/** The error with the frames of its stack that are a script's own. */
function withStack(text, error) {
  const own = getOwnPropertyDescriptor(error, "stack");
  const stack = own === undefined ? stackOfError(error) : own.value;
  if (typeof stack !== "string") return `[${text}]`;
  const frames = stack.split("\n").filter(isFrameOfScript);
  return frames.length === 0 ? `[${text}]` : `${text}\n${frames.join("\n")}`;
}

function isFrameOfScript(line) {
  return line.startsWith("    at ") && !line.includes("(holdfast:") && !line.includes("(native)");
}
