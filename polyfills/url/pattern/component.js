// One component's pattern, compiled: https://urlpattern.spec.whatwg.org/#compile-a-component

import { escapeOutsideClasses, escapePattern, escapeRegExp, segmentWildcard } from "./escape.js";
import { FULL_WILDCARD, parsePattern } from "./parser.js";
import { isNameCharacter } from "./tokenizer.js";

const match = Function.prototype.call.bind(RegExp.prototype.exec);

/** What a component's pattern matches. */
export class Component {
  /** The pattern in its normal form. */
  pattern;
  hasRegExpGroups;
  #names = ["0"];
  /** undefined for "*", which matches everything. */
  #regexp;

  /** Throws a TypeError for a malformed pattern. For the arguments see `parsePattern`. */
  constructor(pattern, encode, options) {
    if (pattern === "*") {
      this.pattern = pattern;
      this.hasRegExpGroups = false;
      return;
    }
    const parts = parsePattern(pattern, encode, options);
    this.pattern = patternOf(parts, options);
    this.hasRegExpGroups = parts.some((part) => part.type === "regexp");
    this.#names = parts.filter((part) => part.name !== "").map((part) => part.name);
    if (this.pattern !== "*") this.#regexp = compile(expressionOf(parts, options), options);
  }

  get matchesAll() {
    return this.#regexp === undefined;
  }

  test(input) {
    return this.#regexp === undefined || match(this.#regexp, input) !== null;
  }

  /** { groups, input }, or null. https://urlpattern.spec.whatwg.org/#create-a-component-match-result */
  exec(input) {
    if (this.#regexp === undefined) return { groups: { 0: input }, input };
    const found = match(this.#regexp, input);
    if (found === null) return null;
    const groups = {};
    const names = this.#names;
    for (let i = 0; i < names.length; i++) {
      if (names[i] === "__proto__") defineProto(groups, found[i + 1]);
      else groups[names[i]] = found[i + 1];
    }
    return { groups, input };
  }
}

/** A group of this name is one like any other. */
function defineProto(groups, value) {
  const descriptor = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(groups, "__proto__", descriptor);
}

function compile(expression, { ignoreCase }) {
  const flags = ignoreCase ? "vi" : "v";
  try {
    return new RegExp(expression, flags);
  } catch {
    // QuickJS refuses some characters that only a class may not hold.
  }
  try {
    return new RegExp(escapeOutsideClasses(expression), flags);
  } catch (error) {
    throw new TypeError(`Invalid URL pattern: ${error.message}`);
  }
}

/** https://urlpattern.spec.whatwg.org/#generate-a-regular-expression-and-name-list */
function expressionOf(parts, options) {
  return `^${parts.map((part) => partExpression(part, options)).join("")}$`;
}

function partExpression(part, options) {
  const { modifier } = part;
  if (part.type === "fixed-text") {
    const text = escapeRegExp(part.value);
    return modifier === "" ? text : `(?:${text})${modifier}`;
  }
  const value = valueExpression(part, options);
  const repeats = modifier === "*" || modifier === "+";
  if (part.prefix === "" && part.suffix === "") {
    return repeats ? `((?:${value})${modifier})` : `(${value})${modifier}`;
  }
  const prefix = escapeRegExp(part.prefix);
  const suffix = escapeRegExp(part.suffix);
  if (!repeats) return `(?:${prefix}(${value})${suffix})${modifier}`;
  const again = `(?:${suffix}${prefix}(?:${value}))*`;
  return `(?:${prefix}((?:${value})${again})${suffix})${modifier === "*" ? "?" : ""}`;
}

function valueExpression(part, { delimiter }) {
  if (part.type === "segment-wildcard") return segmentWildcard(delimiter);
  return part.type === "full-wildcard" ? FULL_WILDCARD : part.value;
}

/** https://urlpattern.spec.whatwg.org/#generate-a-pattern-string */
function patternOf(parts, options) {
  return parts.map((part, i) => partPattern(part, parts[i - 1], parts[i + 1], options)).join("");
}

function partPattern(part, previous, next, options) {
  const { modifier } = part;
  if (part.type === "fixed-text") {
    const text = escapePattern(part.value);
    return modifier === "" ? text : `{${text}}${modifier}`;
  }
  const named = !isDigit(part.name[0]);
  const grouped = needsGrouping(part, previous, next, { named, ...options });
  const name = named ? `:${part.name}` : "";
  const matcher = matcherPattern(part, previous, { named, grouped, ...options });
  // A name would go on in the suffix.
  const separator =
    part.type === "segment-wildcard" && named && startsLikeName(part.suffix) ? "\\" : "";
  const body = escapePattern(part.prefix) + name + matcher + separator + escapePattern(part.suffix);
  return (grouped ? `{${body}}` : body) + modifier;
}

/** Whether, without braces, the neighbours would be read as belonging to this part. */
function needsGrouping(part, previous, next, { named, prefix }) {
  if (part.suffix !== "" || (part.prefix !== "" && part.prefix !== prefix)) return true;
  const open = named && part.type === "segment-wildcard" && part.modifier === "";
  if (open && next !== undefined && next.prefix === "" && next.suffix === "") {
    if (next.type === "fixed-text" ? startsLikeName(next.value) : isDigit(next.name[0])) return true;
  }
  const afterPrefix = previous?.type === "fixed-text" && prefix !== "" && previous.value.endsWith(prefix);
  return part.prefix === "" && afterPrefix;
}

function matcherPattern(part, previous, { named, grouped, delimiter }) {
  if (part.type === "regexp") return `(${part.value})`;
  if (part.type === "segment-wildcard") return named ? "" : `(${segmentWildcard(delimiter)})`;
  // "*" after a matcher would be its modifier.
  const apart =
    previous === undefined ||
    previous.type === "fixed-text" ||
    previous.modifier !== "" ||
    grouped ||
    part.prefix !== "";
  return !named && apart ? "*" : "(.*)";
}

const isDigit = (character) => character >= "0" && character <= "9";

function startsLikeName(text) {
  return text !== "" && isNameCharacter(String.fromCodePoint(text.codePointAt(0)), false);
}
