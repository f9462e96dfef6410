// Pattern strings as lists of parts: https://urlpattern.spec.whatwg.org/#parse-a-pattern-string
//
// A part is { type, value, modifier, name, prefix, suffix }. Its type is "fixed-text",
// "regexp", "segment-wildcard" or "full-wildcard"; its modifier "", "?", "*" or "+".

import { segmentWildcard } from "./escape.js";
import { tokenize } from "./tokenizer.js";

export const FULL_WILDCARD = ".*";

/**
 * The parts of a component's pattern. `encode` canonicalizes fixed text; `options` are
 * { delimiter, prefix }, a character or "" each. Throws a TypeError.
 */
export function parsePattern(pattern, encode, options) {
  return new Parser(pattern, encode, options).run();
}

class Parser {
  #tokens;
  #encode;
  #options;
  #parts = [];
  #names = new Set();
  #fixed = "";
  #nextNumber = 0;
  #index = 0;

  constructor(pattern, encode, options) {
    this.#tokens = tokenize(pattern, { lenient: false });
    this.#encode = encode;
    this.#options = options;
  }

  run() {
    while (this.#index < this.#tokens.length) {
      if (this.#matcher() || this.#text() || this.#group()) continue;
      this.#flushFixed();
      this.#require("end");
    }
    return this.#parts;
  }

  /** A name, a regular expression or a wildcard, with the character in front of it. */
  #matcher() {
    const start = this.#index;
    const character = this.#take("char");
    const name = this.#take("name");
    const expression = this.#takeExpression(name);
    if (name === undefined && expression === undefined) {
      this.#index = start;
      return false;
    }
    let prefix = character?.value ?? "";
    if (prefix !== "" && prefix !== this.#options.prefix) {
      this.#fixed += prefix;
      prefix = "";
    }
    this.#flushFixed();
    this.#add(prefix, name, expression, "", this.#takeModifier());
    return true;
  }

  #text() {
    const token = this.#take("char") ?? this.#take("escaped-char");
    if (token === undefined) return false;
    this.#fixed += token.value;
    return true;
  }

  #group() {
    if (this.#take("open") === undefined) return false;
    const prefix = this.#takeText();
    const name = this.#take("name");
    const expression = this.#takeExpression(name);
    const suffix = this.#takeText();
    this.#require("close");
    this.#add(prefix, name, expression, suffix, this.#takeModifier());
    return true;
  }

  /** https://urlpattern.spec.whatwg.org/#add-a-part */
  #add(prefix, nameToken, expression, suffix, modifier) {
    const fixed = nameToken === undefined && expression === undefined;
    if (fixed && modifier === "") {
      this.#fixed += prefix;
      return;
    }
    this.#flushFixed();
    if (fixed) {
      if (prefix !== "") this.#addFixed(prefix, modifier);
      return;
    }
    const name = nameToken?.value ?? `${this.#nextNumber++}`;
    if (this.#names.has(name)) {
      throw new TypeError(`Invalid URL pattern: the name "${name}" is given twice.`);
    }
    this.#names.add(name);
    const [type, value] = this.#classify(expression);
    const part = { type, value, modifier, name, prefix: this.#encode(prefix), suffix: this.#encode(suffix) };
    this.#parts.push(part);
  }

  #classify(expression) {
    const wildcard = segmentWildcard(this.#options.delimiter);
    if (expression === undefined || expression.value === wildcard) return ["segment-wildcard", ""];
    if (expression.type === "asterisk" || expression.value === FULL_WILDCARD) return ["full-wildcard", ""];
    return ["regexp", expression.value];
  }

  #addFixed(text, modifier) {
    const value = this.#encode(text);
    this.#parts.push({ type: "fixed-text", value, modifier, name: "", prefix: "", suffix: "" });
  }

  #flushFixed() {
    if (this.#fixed === "") return;
    const text = this.#fixed;
    this.#fixed = "";
    this.#addFixed(text, "");
  }

  // ---- Tokens ----------------------------------------------------------------------

  #take(type) {
    const token = this.#tokens[this.#index];
    if (token?.type !== type) return undefined;
    this.#index++;
    return token;
  }

  #require(type) {
    if (this.#take(type) === undefined) {
      const { value, index } = this.#tokens[this.#index];
      throw new TypeError(`Invalid URL pattern: "${value}" is not expected at ${index}.`);
    }
  }

  #takeExpression(name) {
    return this.#take("regexp") ?? (name === undefined ? this.#take("asterisk") : undefined);
  }

  #takeModifier() {
    return (this.#take("other-modifier") ?? this.#take("asterisk"))?.value ?? "";
  }

  #takeText() {
    let text = "";
    for (let token; (token = this.#take("char") ?? this.#take("escaped-char")); ) text += token.value;
    return text;
  }
}
