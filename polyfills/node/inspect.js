// util.inspect as Node.js lays it out, for scripts: unlike the console's own inspector, it may
// run a script's code (custom inspection, getters where asked to).
// https://nodejs.org/docs/latest-v20.x/api/util.html#utilinspectobject-options

import { insides } from "holdfast:ops";
import { hasView, pairsOf, viewOf } from "../console/views.js";
import {
  arrayEntries,
  bufferEntries,
  mapEntries,
  pairEntries,
  mapSize,
  setEntries,
  setSize,
  typedArrayEntries,
  typedLength,
} from "./inspect-entries.js";
import { Inherited, inheritedBy } from "./inspect-inherited.js";
import { formatError } from "./inspect-errors.js";
import { groupInColumns, quoteString, reduceToText, stringWidth } from "./inspect-layout.js";
import { colored, colors, defaultOptions, pickOptions, plain, styles } from "./inspect-options.js";
import { showPrimitive } from "./inspect-primitives.js";
import * as types from "./types.js";

const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf } =
  Object;
const { apply } = Reflect;
const functionToString = Function.prototype.toString;
const propertyIsEnumerable = Object.prototype.propertyIsEnumerable;

/** The key under which an object says how it is shown. */
export const customInspect = Symbol.for("nodejs.util.inspect.custom");

/** Any value as text for people. The old form `(value, showHidden, depth, colors)` works, too. */
export function inspect(value, options) {
  const context = {
    ...defaultOptions,
    indentation: 0,
    seen: [],
    circular: undefined,
    stylize: plain,
    budget: 0,
    currentDepth: 0,
    show,
    showPrimitive,
    showProperty,
  };
  if (arguments.length > 1) {
    if (arguments.length > 2) {
      if (arguments[2] !== undefined) context.depth = arguments[2];
      if (arguments.length > 3 && arguments[3] !== undefined) context.colors = arguments[3];
    }
    if (typeof options === "boolean") context.showHidden = options;
    else if (options) {
      for (const key of Object.keys(options)) {
        if (key in defaultOptions || key === "stylize") context[key] = options[key];
      }
      context.given = options;
    }
  }
  if (context.maxArrayLength === null) context.maxArrayLength = Infinity;
  if (context.maxStringLength === null) context.maxStringLength = Infinity;
  if (context.colors) context.stylize = colored;
  return show(context, value, 0, false);
}

inspect.custom = customInspect;
inspect.defaultOptions = defaultOptions;
inspect.colors = colors;
inspect.styles = styles;

/** One value at `level`; `inTypedArray` where it is the buffer of one that is shown whole. */
export function show(context, given, level, inTypedArray) {
  if (given === null || (typeof given !== "object" && typeof given !== "function")) {
    return showPrimitive(context.stylize, given, context);
  }
  const value = context.showProxy ? given : withoutProxies(given);
  if (value === undefined) return context.stylize("<Revoked Proxy>", "special");
  const parts = context.showProxy ? types.proxyParts(value) : undefined;
  if (parts !== undefined) return showProxy(context, parts, level);
  if (context.customInspect) {
    const custom = value[customInspect];
    if (
      typeof custom === "function" &&
      custom !== inspect &&
      value.constructor?.prototype !== value
    ) {
      const depth = context.depth === null ? null : context.depth - level;
      const options = { ...pickOptions(context), stylize: context.stylize };
      const result = custom.call(given, depth, options, inspect);
      if (result !== given) {
        if (typeof result !== "object" && typeof result !== "function") {
          return `${String(result)}`.replaceAll("\n", `\n${" ".repeat(context.indentation)}`);
        }
        return show(context, result, level, false);
      }
    }
  }
  if (context.seen.includes(value)) {
    context.circular ??= new Map();
    let index = context.circular.get(value);
    if (index === undefined) context.circular.set(value, (index = context.circular.size + 1));
    return context.stylize(`[Circular *${index}]`, "special");
  }
  return showObject(context, value, level, inTypedArray);
}

/** What a proxy stands for in the end, so that none of its traps runs; undefined where it is revoked. */
function withoutProxies(value) {
  for (let parts; (parts = types.proxyParts(value)) !== undefined;) [value] = parts;
  return value;
}

function showProxy(context, parts, level) {
  if (parts[0] === undefined) return context.stylize("<Revoked Proxy>", "special");
  if (context.depth !== null && level > context.depth)
    return context.stylize("Proxy [Array]", "special");
  context.currentDepth = level + 1;
  context.indentation += 2;
  const output = parts.map((part) => show(context, part, level + 1, false));
  context.indentation -= 2;
  return reduceToText(context, output.length, output, "", ["Proxy [", "]"], level + 1);
}

// ---- Objects --------------------------------------------------------------------------

/** The name of the class that made an object; null where it has no prototype. */
export function constructorName(object, context, level) {
  let first;
  for (let o = object; o;) {
    const descriptor = getOwnPropertyDescriptor(o, "constructor");
    if (
      typeof descriptor?.value === "function" &&
      descriptor.value.name !== "" &&
      isInstance(object, descriptor.value)
    ) {
      return `${descriptor.value.name}`;
    }
    o = getPrototypeOf(o);
    if (first === undefined) first = o;
  }
  if (first === null) return null;
  const name = engineClassName(object);
  if (level > context.depth && context.depth !== null) return `${name} <Complex prototype>`;
  const proto = inspect(first, { ...pickOptions(context), customInspect: false, depth: -1 });
  return `${name} <${proto}>`;
}

/** What an object is, whatever class it is said to be of. */
function kindOf(value) {
  if (Array.isArray(value)) return "Array";
  if (types.isMap(value)) return "Map";
  return types.isSet(value) ? "Set" : (types.typedArrayName(value) ?? "Object");
}

function isInstance(object, Class) {
  try {
    // The getter of a platform's own accessor `constructor` counts as its value.
    return object instanceof Class;
  } catch {
    return false;
  }
}

function engineClassName(object) {
  if (typeof object === "function") return "Function";
  return Array.isArray(object) ? "Array" : "Object";
}

/** `Foo(2) [tag] `: what stands in front of the braces. */
export function prefixOf(constructor, tag, fallback, size = "") {
  if (constructor === null) {
    const other = tag !== "" && fallback !== tag ? `[${tag}] ` : "";
    return `[${fallback}${size}: null prototype] ${other}`;
  }
  return tag !== "" && constructor !== tag
    ? `${constructor}${size} [${tag}] `
    : `${constructor}${size} `;
}

function keysOf(value, context, level) {
  const symbols = getOwnPropertySymbols(value);
  if (context.showHidden) {
    const isShown = context.depth === null || level <= context.depth;
    return [...getOwnPropertyNames(value), ...symbols, ...(isShown ? inheritedBy(value) : [])];
  }
  let names;
  try {
    names = Object.keys(value);
  } catch {
    names = getOwnPropertyNames(value); // a module's binding may not be initialized yet
  }
  return [...names, ...symbols.filter((key) => apply(propertyIsEnumerable, value, [key]))];
}

function withoutIndexes(keys) {
  return keys.filter(
    (key) => typeof key !== "string" || `${key >>> 0}` !== key || key >>> 0 === 0xffffffff,
  );
}

/** What is particular about an object: `{ braces, base, keys, entries, isList }`, or its text. */
function shapeOf(context, value, level, constructor, tag, inTypedArray) {
  const keys = keysOf(value, context, level);
  const shape = { braces: ["{", "}"], base: "", keys, entries: null, isList: false };
  const finish = (prefix, entries) => {
    shape.braces[0] = `${prefix}{`;
    shape.entries = entries;
    return shape;
  };
  if (Array.isArray(value)) {
    const prefix =
      constructor !== "Array" || tag !== ""
        ? prefixOf(constructor, tag, "Array", `(${value.length})`)
        : "";
    shape.keys = withoutIndexes(keys).filter((key) => context.showHidden || key !== "length");
    shape.braces = [`${prefix}[`, "]"];
    if (value.length === 0 && shape.keys.length === 0) return `${prefix}[]`;
    shape.isList = true;
    shape.entries = arrayEntries;
    return shape;
  }
  if (types.isSet(value) || types.isMap(value)) {
    const isSet = types.isSet(value);
    const size = isSet ? setSize(value) : mapSize(value);
    const prefix = prefixOf(constructor, tag, isSet ? "Set" : "Map", `(${size})`);
    if (size === 0 && keys.length === 0) return `${prefix}{}`;
    return finish(prefix, isSet ? setEntries : mapEntries);
  }
  const arrayName = types.typedArrayName(value);
  if (arrayName !== undefined) {
    const length = typedLength(value);
    const prefix = prefixOf(constructor, tag, arrayName, `(${length})`);
    shape.keys = withoutIndexes(keys);
    shape.braces = [`${prefix}[`, "]"];
    if (length === 0 && shape.keys.length === 0) return `${prefix}[]`;
    shape.isList = true;
    shape.entries = typedArrayEntries;
    return shape;
  }
  if (types.isMapIterator(value) || types.isSetIterator(value)) {
    return finish(`[${tag}] `, () => ["<items unknown>"]);
  }
  if (types.isArgumentsObject(value)) {
    return keys.length === 0 ? "[Arguments] {}" : finish("[Arguments] ", null);
  }
  return plainShapeOf(context, value, level, constructor, tag, inTypedArray, shape, finish);
}

function plainShapeOf(context, value, level, constructor, tag, inTypedArray, shape, finish) {
  const { keys } = shape;
  const { stylize } = context;
  const asBase = (text, kind) => {
    shape.base = text;
    return keys.length === 0 ? stylize(text, kind) : shape;
  };
  if (typeof value === "function") return asBase(functionBase(value, constructor, tag), "special");
  if (types.isRegExp(value)) {
    const prefix = prefixOf(constructor, tag, "RegExp");
    const text = RegExp.prototype.toString.call(constructor === null ? new RegExp(value) : value);
    const base = prefix === "RegExp " ? text : prefix + text;
    if (keys.length === 0 || (context.depth !== null && level > context.depth))
      return stylize(base, "regexp");
    return asBase(base, "regexp");
  }
  if (types.isDate(value)) {
    const prefix = prefixOf(constructor, tag, "Date");
    const time = Date.prototype.getTime.call(value);
    const text = Number.isNaN(time) ? "Invalid Date" : Date.prototype.toISOString.call(value);
    return asBase(prefix === "Date " ? text : prefix + text, "date");
  }
  if (types.isNativeError(value)) {
    shape.base = formatError(value, constructor, tag, context, keys, prefixOf);
    return keys.length === 0 ? shape.base : shape;
  }
  if (types.isAnyArrayBuffer(value)) {
    const prefix = prefixOf(
      constructor,
      tag,
      types.isArrayBuffer(value) ? "ArrayBuffer" : "SharedArrayBuffer",
    );
    if (inTypedArray && keys.length === 0) return `${prefix}{ byteLength: ${value.byteLength} }`;
    keys.unshift("byteLength");
    return finish(prefix, inTypedArray ? null : bufferEntries);
  }
  if (types.isDataView(value)) {
    keys.unshift("byteLength", "byteOffset", "buffer");
    return finish(prefixOf(constructor, tag, "DataView"), null);
  }
  if (types.isPromise(value)) return finish(prefixOf(constructor, tag, "Promise"), promiseEntries);
  if (types.isWeakSet(value))
    return finish(prefixOf(constructor, tag, "WeakSet"), () => [
      stylize("<items unknown>", "special"),
    ]);
  if (types.isWeakMap(value))
    return finish(prefixOf(constructor, tag, "WeakMap"), () => [
      stylize("<items unknown>", "special"),
    ]);
  if (types.isModuleNamespaceObject(value)) return finish("[Module: null prototype] ", null);
  if (types.isBoxedPrimitive(value)) {
    if (types.isStringObject(value)) keys.splice(0, keys.length, ...withoutIndexes(keys));
    const kind = typeof value.valueOf();
    return asBase(boxedBase(value, constructor, tag), kind === "object" ? "special" : kind);
  }
  const pairs = pairsIn(value);
  if (pairs !== undefined)
    return finish(prefixOf(constructor, tag, "Map", `(${pairs.length})`), (...asked) =>
      pairEntries(...asked, pairs),
    );
  const view = viewEntries(value, constructor);
  if (view !== undefined) return finish(prefixOf(constructor, tag, "Object"), view);
  if (keys.length === 0) {
    return constructor === "Object" && tag === ""
      ? "{}"
      : `${prefixOf(constructor, tag, "Object")}{}`;
  }
  if (constructor === "Object" && tag === "") return shape;
  return finish(prefixOf(constructor, tag, "Object"), null);
}

const PENDING = 0; // of the engine's states of promises
const REJECTED = 2;

function promiseEntries(context, value, level) {
  const [state, result] = insides(value);
  if (state === PENDING) return [context.stylize("<pending>", "special")];
  context.indentation += 2;
  const text = show(context, result, level, false);
  context.indentation -= 2;
  return [state === REJECTED ? `${context.stylize("<rejected>", "special")} ${text}` : text];
}

/** The pairs of a platform object that is a list of them. */
function pairsIn(value) {
  for (let p = getPrototypeOf(value); p !== null; p = getPrototypeOf(p)) {
    try {
      const pairs = pairsOf(value, p);
      if (pairs !== undefined) return pairs;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** The attributes of a platform object, whose state is private. */
function viewEntries(value) {
  for (let p = getPrototypeOf(value); p !== null; p = getPrototypeOf(p)) {
    if (!hasView(p)) continue;
    try {
      const pairs = viewOf(value, p);
      return (context, _, level) =>
        pairs.map(([name, item]) => {
          context.indentation += 2;
          const text = `${name}: ${show(context, item, level, false)}`;
          context.indentation -= 2;
          return text;
        });
    } catch {
      return undefined;
    }
  }
  return undefined;
}

function showObject(context, value, level, inTypedArray) {
  const constructor = constructorName(value, context, level);
  let tag = value[Symbol.toStringTag];
  const has = context.showHidden ? Object.prototype.hasOwnProperty : propertyIsEnumerable;
  if (typeof tag !== "string" || (tag !== "" && apply(has, value, [Symbol.toStringTag]))) tag = "";
  const shape = shapeOf(context, value, level, constructor, tag, inTypedArray);
  if (typeof shape === "string") return shape;
  if (context.depth !== null && level > context.depth) {
    const name = prefixOf(constructor, tag, kindOf(value)).slice(0, -1);
    return context.stylize(constructor === null ? name : `[${name}]`, "special");
  }
  const inner = level + 1;
  context.seen.push(value);
  context.currentDepth = inner;
  const output = shape.entries?.(context, value, inner) ?? [];
  for (const key of shape.keys) output.push(showProperty(context, value, inner, key, 0));
  const index = context.circular?.get(value);
  let { base } = shape;
  if (index !== undefined) {
    const reference = context.stylize(`<ref *${index}>`, "special");
    if (context.compact === true) shape.braces[0] = `${reference} ${shape.braces[0]}`;
    else base = base === "" ? reference : `${reference} ${base}`;
  }
  context.seen.pop();
  if (context.sorted) {
    const compare = context.sorted === true ? undefined : context.sorted;
    if (!shape.isList) output.sort(compare);
    else if (shape.keys.length > 1) {
      const start = output.length - shape.keys.length;
      output.push(...output.splice(start).sort(compare));
    }
  }
  const grouped =
    shape.isList && output.length > 6 && typeof context.compact === "number" && context.compact >= 1
      ? groupInColumns(context, output, value)
      : output;
  const text = reduceToText(context, output.length, grouped, base, shape.braces, inner);
  context.budget += text.length;
  // So much text helps nobody: what follows is shown by its class alone.
  if (context.budget > 2 ** 27) context.depth = -1;
  return text;
}

/** `name: value`; kind 1 is an item of a list, 2 an extra property of one. */
export function showProperty(context, value, level, key, kind) {
  if (key instanceof Inherited) return showInherited(context, value, level, key);
  const descriptor = getOwnPropertyDescriptor(value, key) ?? {
    value: value[key],
    configurable: true,
    enumerable: true,
  };
  return showDescribed(context, value, level, key, kind, descriptor);
}

function showInherited(context, value, level, { key, descriptor }) {
  const text = showDescribed(context, value, level, key, 0, descriptor);
  return context.colors ? `\u001b[2m${text}\u001b[22m` : text;
}

function showDescribed(context, value, level, key, kind, descriptor) {
  let text;
  let gap = " ";
  if (descriptor.value !== undefined) {
    const indent = context.compact !== true || kind !== 0 ? 2 : 3;
    context.indentation += indent;
    text = show(context, descriptor.value, level, false);
    if (indent === 3 && context.breakLength < stringWidth(text))
      gap = `\n${" ".repeat(context.indentation)}`;
    context.indentation -= indent;
  } else if (descriptor.get !== undefined) {
    text = accessorText(context, value, level, descriptor);
  } else {
    text =
      descriptor.set === undefined
        ? context.stylize("undefined", "undefined")
        : context.stylize("[Setter]", "special");
  }
  return kind === 1 ? text : `${nameText(context, key, descriptor)}:${gap}${text}`;
}

function accessorText(context, value, level, { get, set }) {
  const label = set === undefined ? "Getter" : "Getter/Setter";
  const { getters, stylize } = context;
  const wanted =
    getters &&
    (getters === true ||
      (getters === "get" && set === undefined) ||
      (getters === "set" && set !== undefined));
  if (!wanted) return stylize(`[${label}]`, "special");
  try {
    const current = apply(get, value, []);
    context.indentation += 2;
    const isPrimitive = current === null || typeof current !== "object";
    const text = isPrimitive
      ? `${stylize(`[${label}:`, "special")} ${showPrimitiveOrFunction(context, current, level)}${stylize("]", "special")}`
      : `${stylize(`[${label}]`, "special")} ${show(context, current, level, false)}`;
    context.indentation -= 2;
    return text;
  } catch (error) {
    return stylize(`[${label}: <Inspection threw (${error?.message})>]`, "special");
  }
}

function showPrimitiveOrFunction(context, value, level) {
  return typeof value === "function"
    ? show(context, value, level, false)
    : showPrimitive(context.stylize, value, context);
}

function nameText({ stylize }, key, { enumerable }) {
  if (typeof key === "symbol") return `[${stylize(key.toString(), "symbol")}]`;
  if (key === "__proto__") return "['__proto__']";
  if (enumerable === false) return `[${key}]`;
  if (/^[a-zA-Z_][a-zA-Z_0-9]*$/.test(key)) return stylize(key, "name");
  return stylize(quoteString(key), "string");
}

// ---- Functions, boxes -------------------------------------------------------------------

function functionBase(value, constructor, tag) {
  const source = apply(functionToString, value, []);
  if (source.startsWith("class") && source.endsWith("}") && !/^class\s*\(/.test(source)) {
    return classBase(value, constructor, tag);
  }
  const isGenerator = types.isGeneratorFunction(value);
  const type = `${types.isAsyncFunction(value) ? "Async" : ""}${isGenerator ? "Generator" : ""}Function`;
  let base = `[${type}`;
  if (constructor === null) base += " (null prototype)";
  base +=
    value.name === ""
      ? " (anonymous)]"
      : `: ${typeof value.name === "string" ? value.name : inspect(value.name)}]`;
  if (constructor !== type && constructor !== null) base += ` ${constructor}`;
  return tag !== "" && constructor !== tag ? `${base} [${tag}]` : base;
}

function classBase(value, constructor, tag) {
  const name = (Object.hasOwn(value, "name") && value.name) || "(anonymous)";
  let base = `class ${name}`;
  if (constructor !== "Function" && constructor !== null) base += ` [${constructor}]`;
  if (tag !== "" && constructor !== tag) base += ` [${tag}]`;
  if (constructor === null) return `[${base} extends null]`;
  const parent = getPrototypeOf(value).name;
  return parent ? `[${base} extends ${parent}]` : `[${base}]`;
}

function boxedBase(value, constructor, tag) {
  const [Class, name] = types.isNumberObject(value)
    ? [Number, "Number"]
    : types.isStringObject(value)
      ? [String, "String"]
      : types.isBooleanObject(value)
        ? [Boolean, "Boolean"]
        : types.isBigIntObject(value)
          ? [BigInt, "BigInt"]
          : [Symbol, "Symbol"];
  let base = `[${name}`;
  if (constructor !== name)
    base += constructor === null ? " (null prototype)" : ` (${constructor})`;
  base += `: ${showPrimitive(plain, Class.prototype.valueOf.call(value), { ...defaultOptions, indentation: 0 })}]`;
  return tag !== "" && tag !== constructor ? `${base} [${tag}]` : base;
}
