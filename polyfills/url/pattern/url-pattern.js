// URLPattern: https://urlpattern.spec.whatwg.org/#urlpattern-class

import { defineView } from "../../console/views.js";
import { defineInterface, isObject, toDictionary, toUSVString } from "../../kernel/webidl.js";
import { canonicalOf, canonicalWithBase } from "../canonical.js";
import * as canonical from "./canonicalize.js";
import { Component } from "./component.js";
import { DEFAULT_OPTIONS, matchesSpecialScheme, parseConstructorString } from "./constructor-string.js";
import { COMPONENTS, componentOf, patternsFrom, valuesFrom } from "./init.js";

const HOSTNAME_OPTIONS = { ...DEFAULT_OPTIONS, delimiter: "." };
const PATHNAME_OPTIONS = { ...DEFAULT_OPTIONS, delimiter: "/", prefix: "/" };
// Most patterns are told from a URL by its path.
const MATCHING_ORDER = ["pathname", ...COMPONENTS.filter((name) => name !== "pathname")];
const INIT_MEMBERS = ["baseURL", ...COMPONENTS].toSorted();
const RESULT_MEMBERS = ["inputs", ...COMPONENTS].toSorted();

/** Patterns for the eight components of a URL. */
export class URLPattern {
  /** Component objects by name. */
  #components;
  /** The names of those that do not match everything. */
  #tested;

  constructor(input = undefined, baseURL = undefined, options = undefined) {
    const overloaded = arguments.length < 3 && (baseURL === undefined || baseURL === null || isObject(baseURL));
    const given = toInput(input);
    const base = overloaded ? undefined : toUSVString(baseURL);
    const members = toDictionary(overloaded ? baseURL : options, "URLPattern's options");
    this.#components = compile(toInit(given, base), Boolean(members.ignoreCase));
    this.#tested = MATCHING_ORDER.filter((name) => !this.#components[name].matchesAll);
  }

  test(input = undefined, baseURL = undefined) {
    const components = this.#components;
    const valueOf = toValues(toInput(input), baseURL === undefined ? undefined : toUSVString(baseURL));
    if (valueOf === null) return false;
    return this.#tested.every((name) => components[name].test(valueOf(name)));
  }

  exec(input = undefined, baseURL = undefined) {
    const components = this.#components;
    const given = toInput(input);
    const base = baseURL === undefined ? undefined : toUSVString(baseURL);
    const valueOf = toValues(given, base);
    if (valueOf === null) return null;
    const pathname = components.pathname.exec(valueOf("pathname"));
    if (pathname === null) return null;
    const results = {};
    for (const name of RESULT_MEMBERS) {
      if (name === "inputs") results.inputs = base === undefined ? [given] : [given, base];
      else if (name === "pathname") results.pathname = pathname;
      else if ((results[name] = components[name].exec(valueOf(name))) === null) return null;
    }
    return results;
  }

  get protocol() {
    return this.#components.protocol.pattern;
  }

  get username() {
    return this.#components.username.pattern;
  }

  get password() {
    return this.#components.password.pattern;
  }

  get hostname() {
    return this.#components.hostname.pattern;
  }

  get port() {
    return this.#components.port.pattern;
  }

  get pathname() {
    return this.#components.pathname.pattern;
  }

  get search() {
    return this.#components.search.pattern;
  }

  get hash() {
    return this.#components.hash.pattern;
  }

  get hasRegExpGroups() {
    return COMPONENTS.some((name) => this.#components[name].hasRegExpGroups);
  }

  static {
    defineInterface(this);
    defineView(this, COMPONENTS);
  }
}

/** (USVString or URLPatternInit) */
function toInput(value) {
  if (value !== undefined && value !== null && !isObject(value)) return toUSVString(value);
  const init = toDictionary(value);
  const members = {};
  for (const name of INIT_MEMBERS) {
    const member = init[name];
    if (member !== undefined) members[name] = toUSVString(member);
  }
  return members;
}

function toInit(input, baseURL) {
  if (typeof input !== "string") {
    if (baseURL !== undefined) throw new TypeError("A base URL is for patterns given as a string.");
    return input;
  }
  const init = parseConstructorString(input);
  if (baseURL !== undefined) return { ...init, baseURL };
  if (init.protocol === undefined) {
    throw new TypeError(`Invalid URL pattern: "${input}" has no protocol, and there is no base URL.`);
  }
  return init;
}

/** A function from names to the components to match; null if there is no such URL. */
function toValues(input, baseURL) {
  if (typeof input === "string") {
    const href = baseURL === undefined ? canonicalOf(input) : canonicalWithBase(input, baseURL);
    return href === undefined ? null : (name) => componentOf(href, name);
  }
  if (baseURL !== undefined) throw new TypeError("A base URL is for URLs given as a string.");
  try {
    const values = valuesFrom(input);
    return (name) => values[name];
  } catch {
    return null;
  }
}

/** https://urlpattern.spec.whatwg.org/#url-pattern-create */
function compile(init, ignoreCase) {
  const patterns = patternsFrom(init);
  for (const name of COMPONENTS) patterns[name] ??= "*";
  if (patterns.port !== "" && patterns.port === canonical.defaultPort(patterns.protocol)) patterns.port = "";
  const component = (name, encode, options) => new Component(patterns[name], encode, options);
  const insensitive = { ...DEFAULT_OPTIONS, ignoreCase };
  const protocol = component("protocol", canonical.canonicalProtocol, DEFAULT_OPTIONS);
  const [encodePath, pathOptions] = matchesSpecialScheme(protocol)
    ? [canonical.canonicalPathname, { ...PATHNAME_OPTIONS, ignoreCase }]
    : [canonical.canonicalOpaquePathname, insensitive];
  const encodeHost = /^[\\{]?\[/.test(patterns.hostname)
    ? canonical.canonicalIPv6Hostname
    : canonical.canonicalHostname;
  return {
    protocol,
    username: component("username", canonical.canonicalUsername, DEFAULT_OPTIONS),
    password: component("password", canonical.canonicalPassword, DEFAULT_OPTIONS),
    hostname: component("hostname", encodeHost, HOSTNAME_OPTIONS),
    port: component("port", canonical.canonicalPort, DEFAULT_OPTIONS),
    pathname: component("pathname", encodePath, pathOptions),
    search: component("search", canonical.canonicalSearch, insensitive),
    hash: component("hash", canonical.canonicalHash, insensitive),
  };
}
