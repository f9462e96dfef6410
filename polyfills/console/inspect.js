// Any value as text for people, in the manner of Node's util.inspect.
//
// Showing a value runs no code of a script: properties are read as descriptors, brands
// are checked with captured built-ins, and proxies are not looked into. What comes out
// is bounded, whatever goes in.

import { cut, MAX_TEXT_CHARS, quote, showKey, showPrimitive } from "./primitives.js";
import { accessorText, shapeOf } from "./shapes.js";

const { getOwnPropertyDescriptor } = Object;
const { ownKeys } = Reflect;
const { max, min, floor } = Math;

const DEFAULT_DEPTH = 4;
const MAX_DEPTH = 64;
const MAX_ITEMS = 100;
const MAX_STRING_CHARS = 10_000;
const LINE_CHARS = 80;
const LEVELS_ON_A_LINE = 3;
const MIN_ITEMS_FOR_COLUMNS = 7;
const MAX_COLUMNS = 16;
const UNSHOWABLE = "[a value that cannot be shown]";

/**
 * Describe a value; never throws. `options.depth` is how many levels of nested objects
 * are shown (4; null for all), `options.maxArrayLength` how many items of a collection
 * (100), `options.maxStringLength` how much of a nested string (10,000 characters).
 */
export function inspect(value, options = undefined) {
  try {
    return cut(new Inspector(options ?? {}).show(value, 0), MAX_TEXT_CHARS);
  } catch {
    return UNSHOWABLE;
  }
}

/** A value as console methods show an argument: a string as it is. */
export function inspectArgument(value) {
  if (typeof value === "string") return value;
  return typeof value === "object" || typeof value === "function"
    ? inspect(value)
    : showPrimitive(value);
}

/** One description under way. */
class Inspector {
  #depth;
  #maxItems;
  #maxString;
  #path = []; // the objects that the one being shown is in
  #references = new Map(); // those of them that it refers to, with their numbers
  #lastLevel = 0; // of the object that was begun last
  #budget = MAX_TEXT_CHARS;

  constructor({ depth, maxArrayLength, maxStringLength }) {
    this.#depth = limit(depth, DEFAULT_DEPTH, MAX_DEPTH);
    this.#maxItems = limit(maxArrayLength, MAX_ITEMS, MAX_TEXT_CHARS);
    this.#maxString = limit(maxStringLength, MAX_STRING_CHARS, MAX_TEXT_CHARS);
  }

  show(value, level) {
    if (this.#budget <= 0) return "...";
    let text;
    if (typeof value === "string") {
      text = this.#showString(value);
    } else if (value === null || (typeof value !== "object" && typeof value !== "function")) {
      text = showPrimitive(value);
    } else {
      return this.#showObject(value, level);
    }
    this.#budget -= text.length;
    return text;
  }

  #showString(value) {
    const more = value.length - this.#maxString;
    if (more <= 0) return quote(value);
    return `${quote(value.slice(0, this.#maxString))}... ${more} more characters`;
  }

  #showObject(value, level) {
    if (this.#path.includes(value)) return this.#refer(value);
    const shape = shapeOf(value);
    const keys = shape.sealed ? [] : keysToShow(value, shape);
    if (keys.length === 0 && shape.count === 0) {
      const { base, prefix, list } = shape;
      return this.#spend(base ?? `${prefix}${list ? "[]" : "{}"}`);
    }
    if (shape.sealed) return this.#spend(shape.base);
    if (level > this.#depth) return this.#spend(`[${shape.name}]`);
    this.#lastLevel = level;
    this.#path.push(value);
    const items = this.#items(value, shape, keys, level);
    this.#path.pop();
    return this.#layOut(this.#reference(value) + (shape.base ?? ""), shape, items, level);
  }

  #spend(text) {
    this.#budget -= text.length;
    return text;
  }

  #refer(value) {
    let number = this.#references.get(value);
    if (number === undefined) this.#references.set(value, (number = this.#references.size + 1));
    return this.#spend(`[Circular *${number}]`);
  }

  #reference(value) {
    const number = this.#references.get(value);
    return number === undefined ? "" : `<ref *${number}> `;
  }

  #items(value, shape, keys, level) {
    const show = (item) => this.show(item, level + 1);
    const items = shape.entries?.(show, this.#maxItems) ?? [];
    for (const key of keys) {
      if (this.#budget <= 0) {
        items.push("...");
        break;
      }
      items.push(this.#showProperty(value, key, level));
    }
    return items;
  }

  #showProperty(value, key, level) {
    const descriptor = getOwnPropertyDescriptor(value, key);
    const name = descriptor.enumerable ? showKey(key) : `[${showKey(key)}]`;
    this.#budget -= name.length;
    const isData = "value" in descriptor;
    const text = isData ? this.show(descriptor.value, level + 1) : accessorText(descriptor);
    return `${name}: ${text}`;
  }

  /** Items on one line where they fit and are not nested deep, in columns, or one to a line. */
  #layOut(base, { prefix = "", list = false }, items, level) {
    const open = `${base}${shapeGap(base)}${prefix}${list ? "[" : "{"}`;
    const close = list ? "]" : "}";
    const columns = list && items.length >= MIN_ITEMS_FOR_COLUMNS ? inColumns(items, level) : null;
    if (columns === null && this.#lastLevel - level < LEVELS_ON_A_LINE) {
      const rest = 2 * level + open.length + 10;
      const width = items.reduce((sum, item) => sum + item.length + 2, rest);
      const line = `${open} ${items.join(", ")} ${close}`;
      if (width <= LINE_CHARS && !line.includes("\n")) return line;
    }
    const lines = (columns ?? items).map((item) => item.replaceAll("\n", "\n  "));
    return `${open}\n  ${lines.join(",\n  ")}\n${close}`;
  }
}

function shapeGap(base) {
  return base === "" || base.endsWith(" ") ? "" : " ";
}

/** A limit as options give it: null and Infinity stand for as much as there may be. */
function limit(value, preset, highest) {
  if (value === undefined) return preset;
  if (value === null) return highest;
  return typeof value === "number" && value >= 0 ? min(value, highest) : preset;
}

/** The own keys to show: enumerable ones, without the entries of lists. */
function keysToShow(value, { list, hidden, omitted, isString }) {
  const indexed = list || isString;
  const keys = [];
  for (const key of ownKeys(value)) {
    // Indexes come first in the order of keys; an array may have a great many.
    if (indexed && typeof key === "string" && isIndex(key)) continue;
    if (omitted?.includes(key)) continue;
    if (hidden?.includes(key) || getOwnPropertyDescriptor(value, key)?.enumerable) keys.push(key);
  }
  return keys;
}

function isIndex(key) {
  const code = key.charCodeAt(0);
  return code >= 48 && code <= 57 && `${key >>> 0}` === key;
}

/** Rows of equally wide columns, or null where an item is too long for that. */
function inColumns(items, level) {
  const last = items.at(-1);
  const rest = last.startsWith("... ") ? [last] : [];
  const cells = rest.length > 0 ? items.slice(0, -1) : items;
  const widest = cells.reduce((most, cell) => max(most, cell.length), 0) + 2;
  const count = min(MAX_COLUMNS, floor((LINE_CHARS - 2 * level) / widest));
  if (count < 2 || cells.some((cell) => cell.includes("\n"))) return null;
  const rows = [];
  for (let first = 0; first < cells.length; first += count) {
    rows.push(rowOf(cells.slice(first, first + count), widest));
  }
  return rows.concat(rest);
}

function rowOf(cells, width) {
  const last = cells.length - 1;
  return cells.map((cell, i) => (i < last ? `${cell}, `.padEnd(width) : cell)).join("");
}
