// Primitive values as text, the way they are written in source.

const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const symbolToString = uncurry(Symbol.prototype.toString);
const includes = uncurry(String.prototype.includes);
const replaceAll = uncurry(String.prototype.replaceAll);
const slice = uncurry(String.prototype.slice);
const testIdentifier = uncurry(RegExp.prototype.exec);
const { stringify } = JSON;

/** No text is longer than this. */
export const MAX_TEXT_CHARS = 65_536;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** A string in quotes: single ones unless it has some itself. */
export function quote(text) {
  const escaped = stringify(text);
  if (includes(text, "'") && !includes(text, '"')) return escaped;
  const inner = replaceAll(slice(escaped, 1, -1), '\\"', '"');
  return `'${replaceAll(inner, "'", "\\'")}'`;
}

/** "… n more characters" in place of what is beyond `limit`. */
export function cut(text, limit) {
  const more = text.length - limit;
  if (more <= 0) return text;
  return `${slice(text, 0, limit)}... ${more} more character${more === 1 ? "" : "s"}`;
}

/** Any primitive but a string. */
export function showPrimitive(value) {
  switch (typeof value) {
    case "number":
      return value === 0 && 1 / value < 0 ? "-0" : `${value}`;
    case "bigint":
      return `${value}n`;
    case "symbol":
      return symbolToString(value);
    default:
      return `${value}`;
  }
}

/** A property's name as it is written in an object literal. */
export function showKey(key) {
  if (typeof key === "symbol") return `[${symbolToString(key)}]`;
  return testIdentifier(IDENTIFIER, key) === null ? quote(key) : key;
}
