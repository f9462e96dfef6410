// Selectors as Cloudflare's HTMLRewriter knows them:
// https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#selectors
//
// A selector is a list of alternatives; each is a list of compounds from right to left,
// { combinator, tests }, where the combinator (" " or ">") leads to the compound before.

const SPACE = /[\t\n\f\r ]*/y;
const COMBINATOR = /[\t\n\f\r ]*([>+~])[\t\n\f\r ]*|[\t\n\f\r ]+/y;
const IDENTIFIER =
  /-?(?:[a-z_\u0080-\uffff]|\\(?:[0-9a-f]{1,6}[\t\n\f\r ]?|[^\n\r\f]))(?:[\w\-\u0080-\uffff]|\\(?:[0-9a-f]{1,6}[\t\n\f\r ]?|[^\n\r\f]))*|--(?:[\w\-\u0080-\uffff]|\\[^\n\r\f])*/iy;
const NAME = /(?:[\w\-\u0080-\uffff]|\\(?:[0-9a-f]{1,6}[\t\n\f\r ]?|[^\n\r\f]))+/iy;
const ESCAPE = /\\(?:([0-9a-f]{1,6})[\t\n\f\r ]?|(.))/gisu;
const STRING = /"((?:[^"\\\n]|\\[^])*)"|'((?:[^'\\\n]|\\[^])*)'/y;
const OPERATOR = /[~|^$*]?=/y;
const NTH = /[\t\n\f\r ]*(?:(odd|even)|([+-]?\d*)n(?:[\t\n\f\r ]*([+-])[\t\n\f\r ]*(\d+))?|([+-]?\d+))[\t\n\f\r ]*(?=\)|$)/iy;

const EMPTY = "The selector is empty.";
const UNEXPECTED_END = "Unexpected end of selector.";
const UNEXPECTED = "Unexpected token in selector.";
const UNSUPPORTED = "Unsupported pseudo-class or pseudo-element in selector.";
const NAMESPACED = "Selectors with explicit namespaces are not supported.";

// https://html.spec.whatwg.org/multipage/semantics-other.html#case-sensitivity-of-selectors
const IGNORING_CASE = new Set(
  ("accept accept-charset align alink axis bgcolor charset checked clear codetype color compact " +
    "declare defer dir direction disabled enctype face frame hreflang http-equiv lang language " +
    "link media method multiple nohref noresize noshade nowrap readonly rel rev rules scope " +
    "scrolling selected shape target text type valign valuetype vlink").split(" "),
);

function fail(message) {
  throw new TypeError(`Parser error: ${message}`);
}

function unescapeName(text) {
  return text.replace(ESCAPE, (_, hex, other) => (hex === undefined ? other : fromHex(hex)));
}

function fromHex(hex) {
  const code = parseInt(hex, 16);
  return code === 0 || code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
}

/** The alternatives of a selector; throws a TypeError for what is not supported. */
export function parseSelector(text) {
  return new Parser(text).list();
}

class Parser {
  #text;
  #at = 0;

  constructor(text) {
    this.#text = text;
  }

  /** Take what the sticky expression matches here; null, and nothing taken, where it does not. */
  #take(expression) {
    expression.lastIndex = this.#at;
    const match = expression.exec(this.#text);
    if (match !== null) this.#at = expression.lastIndex;
    return match;
  }

  get #next() {
    return this.#text[this.#at];
  }

  #skip(character) {
    if (this.#next !== character) return false;
    this.#at++;
    return true;
  }

  list() {
    const alternatives = [this.#complex()];
    while (this.#skip(",")) alternatives.push(this.#complex());
    if (this.#next !== undefined) fail(UNEXPECTED);
    return alternatives;
  }

  #complex() {
    this.#take(SPACE);
    let compounds = [{ combinator: null, tests: this.#compound() }];
    for (;;) {
      const found = this.#take(COMBINATOR);
      const next = this.#next;
      if (found === null) break;
      const combinator = found[1] ?? " ";
      if (next === undefined || next === "," || next === ")") {
        if (combinator !== " ") fail("Dangling combinator in selector.");
        break;
      }
      if (combinator === "+" || combinator === "~") {
        fail(`Unsupported combinator \`${combinator}\` in selector.`);
      }
      compounds = [{ combinator, tests: this.#compound() }, ...compounds];
    }
    // Each compound carries the combinator to the one on its left.
    return compounds;
  }

  #compound() {
    const tests = [];
    this.#type(tests);
    for (;;) {
      const next = this.#next;
      if (next === ".") tests.push(this.#class());
      else if (next === "#") tests.push(this.#id());
      else if (next === "[") tests.push(this.#attribute());
      else if (next === ":") tests.push(this.#pseudo());
      else break;
    }
    if (tests.length === 0) fail(this.#isDone ? EMPTY : UNEXPECTED);
    return tests;
  }

  get #isDone() {
    const next = this.#next;
    return next === undefined || next === "," || next === ")" || next === ">" || next === "#";
  }

  #type(tests) {
    if (this.#next === "|") fail(NAMESPACED);
    if (this.#skip("*")) {
      if (!this.#skip("|")) {
        tests.push({ kind: "any" });
        return;
      }
      if (this.#skip("*")) {
        tests.push({ kind: "any" });
        return;
      }
    }
    const name = this.#take(IDENTIFIER);
    if (name === null) return;
    if (this.#next === "|") fail(NAMESPACED);
    tests.push({ kind: "type", name: unescapeName(name[0]).toLowerCase() });
  }

  #class() {
    this.#at++;
    const name = this.#take(IDENTIFIER) ?? fail("Invalid or unescaped class name in selector.");
    return { kind: "attribute", name: "class", operator: "~=", value: unescapeName(name[0]) };
  }

  #id() {
    this.#at++;
    const name = this.#take(NAME) ?? fail(EMPTY);
    return { kind: "attribute", name: "id", operator: "=", value: unescapeName(name[0]) };
  }

  /** What stands in brackets may be closed by the end of the selector. */
  #close(character) {
    this.#take(SPACE);
    if (this.#next !== undefined && !this.#skip(character)) {
      fail(character === "]" ? "Unexpected token in the attribute selector." : UNEXPECTED);
    }
  }

  #attribute() {
    this.#at++;
    this.#take(SPACE);
    if (this.#skip("|")) fail(NAMESPACED);
    if (this.#next === undefined) fail(UNEXPECTED_END);
    const found = this.#take(IDENTIFIER) ?? fail("Missing attribute name in attribute selector.");
    const name = unescapeName(found[0]).toLowerCase();
    this.#take(SPACE);
    const operator = this.#take(OPERATOR)?.[0];
    if (operator === undefined) {
      this.#close("]");
      return { kind: "attribute", name, operator: "" };
    }
    this.#take(SPACE);
    const value = this.#value();
    this.#take(SPACE);
    const flag = this.#take(/[is]\b/iy)?.[0].toLowerCase();
    this.#close("]");
    const ignoresCase = flag === "i" || (flag === undefined && IGNORING_CASE.has(name));
    return { kind: "attribute", name, operator, value: ignoresCase ? value.toLowerCase() : value, ignoresCase };
  }

  #value() {
    const text = this.#take(STRING);
    if (text !== null) return unescapeName(text[1] ?? text[2]);
    const name = this.#take(IDENTIFIER);
    if (name !== null) return unescapeName(name[0]);
    return fail(this.#next === undefined || this.#next === "]" ? UNEXPECTED_END : "Unexpected token in the attribute selector.");
  }

  #pseudo() {
    this.#at++;
    const name = this.#take(IDENTIFIER)?.[0].toLowerCase();
    const isFunction = this.#skip("(");
    if (name === "first-child" && !isFunction) return { kind: "nth", step: 0, offset: 1, ofType: false };
    if (name === "first-of-type" && !isFunction) return { kind: "nth", step: 0, offset: 1, ofType: true };
    if (name === "not" && isFunction) return this.#not();
    if (name === "nth-child" && isFunction) return this.#nth(false);
    if (name === "nth-of-type" && isFunction) return this.#nth(true);
    return fail(UNSUPPORTED);
  }

  #not() {
    const alternatives = [this.#simpleList()];
    while (this.#skip(",")) alternatives.push(this.#simpleList());
    this.#close(")");
    return { kind: "not", alternatives };
  }

  /** A compound: what is negated may not look at other elements. */
  #simpleList() {
    this.#take(SPACE);
    const tests = this.#compound();
    this.#take(SPACE);
    if (!this.#isDone) fail(UNSUPPORTED);
    return tests;
  }

  #nth(ofType) {
    const found = this.#take(NTH);
    if (found === null) fail(/^\s*(\)|$)/.test(this.#text.slice(this.#at)) ? UNEXPECTED_END : UNEXPECTED);
    this.#close(")");
    const [, word, step, sign, offset, number] = found;
    const nth = (a, b) => ({ kind: "nth", step: a, offset: b, ofType });
    if (word !== undefined) return nth(2, word.toLowerCase() === "odd" ? 1 : 0);
    if (number !== undefined) return nth(0, +number);
    const a = step === "" || step === "+" ? 1 : step === "-" ? -1 : +step;
    return nth(a, offset === undefined ? 0 : +`${sign}${offset}`);
  }
}
