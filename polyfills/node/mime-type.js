// MIMEType and MIMEParams of node:util: https://nodejs.org/docs/latest-v20.x/api/util.html#class-utilmimetype

import { nodeError } from "./errors.js";

const NO_TOKEN = /[^!#$%&'*+\-.^_`|~A-Za-z0-9]/;
const NO_VALUE = /[^\t\u0020-\u007e\u0080-\u00ff]/;
const LEADING_SPACE = /^[\r\n\t ]+/;
const TRAILING_SPACE = /[\r\n\t ]+$/;

function invalid(part, text, at = -1) {
  const where = at === -1 ? "" : ` at ${at}`;
  const message = `The MIME syntax for a ${part} in "${text}" is invalid${where}`;
  return nodeError(TypeError, "ERR_INVALID_MIME_SYNTAX", message);
}

/** A token, in lower case. */
function tokenOf(text, part, whole = text) {
  const bad = text.search(NO_TOKEN);
  if (text === "" || bad !== -1) throw invalid(part, whole, bad);
  return text.toLowerCase();
}

const written = (value) =>
  value === "" || NO_TOKEN.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value;

/** The parameters of a type, in order; of those that stand there twice the first counts. */
export class MIMEParams {
  #values = new Map();

  static of(text) {
    const params = new MIMEParams();
    for (const [name, value] of pairsIn(text))
      if (!params.has(name)) params.#values.set(name, value);
    return params;
  }

  delete(name) {
    this.#values.delete(`${name}`);
  }

  get(name) {
    return this.#values.get(`${name}`) ?? null;
  }

  has(name) {
    return this.#values.has(`${name}`);
  }

  set(name, value) {
    const key = `${name}`;
    const text = `${value}`;
    const bad = key.search(NO_TOKEN);
    if (key === "" || bad !== -1) throw invalid("parameter name", key, bad);
    const badValue = text.search(NO_VALUE);
    if (badValue !== -1) throw invalid("parameter value", text, badValue);
    this.#values.set(key, text);
  }

  *entries() {
    yield* this.#values.entries();
  }

  *keys() {
    yield* this.#values.keys();
  }

  *values() {
    yield* this.#values.values();
  }

  toString() {
    return Array.from(this.#values, ([name, value]) => `${name}=${written(value)}`).join(";");
  }

  toJSON() {
    return this.toString();
  }

  [Symbol.iterator]() {
    return this.entries();
  }
}

/** What parameters a text has; those that are malformed are left out. */
function* pairsIn(text) {
  const pair = /[\t\n\r ]*([^;=]*)(?:=(?:"((?:[^"\\]|\\.)*)(?:"|\\?$)[^;]*|([^;]*)))?(?:;|$)/gsy;
  while (pair.lastIndex < text.length) {
    const [, name, quoted, plain] = pair.exec(text);
    const value = quoted?.replace(/\\(.)/gs, "$1") ?? plain?.replace(TRAILING_SPACE, "");
    const isWhole = value !== undefined && (quoted !== undefined || value !== "");
    if (name !== "" && isWhole && !NO_TOKEN.test(name) && !NO_VALUE.test(value))
      yield [name.toLowerCase(), value];
  }
}

export class MIMEType {
  #type;
  #subtype;
  #params;

  constructor(input) {
    const text = `${input}`;
    const slash = text.indexOf("/");
    if (slash === -1) throw invalid("type", text);
    this.#type = tokenOf(text.slice(0, slash).replace(LEADING_SPACE, ""), "type", text);
    const semicolon = text.indexOf(";", slash);
    const end = semicolon === -1 ? text.length : semicolon;
    const subtype = text.slice(slash + 1, end).replace(TRAILING_SPACE, "");
    this.#subtype = tokenOf(subtype, "subtype", text);
    this.#params = MIMEParams.of(text.slice(end + 1));
  }

  get type() {
    return this.#type;
  }

  set type(value) {
    this.#type = tokenOf(`${value}`, "type");
  }

  get subtype() {
    return this.#subtype;
  }

  set subtype(value) {
    this.#subtype = tokenOf(`${value}`, "subtype");
  }

  get essence() {
    return `${this.#type}/${this.#subtype}`;
  }

  get params() {
    return this.#params;
  }

  toString() {
    const params = `${this.#params}`;
    return params === "" ? this.essence : `${this.essence};${params}`;
  }

  toJSON() {
    return this.toString();
  }
}
