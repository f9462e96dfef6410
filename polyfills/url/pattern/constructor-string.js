// Whole URLs as patterns, told apart into components:
// https://urlpattern.spec.whatwg.org/#constructor-string-parsing

import { canonicalProtocol, SPECIAL_SCHEMES } from "./canonicalize.js";
import { Component } from "./component.js";
import { tokenize } from "./tokenizer.js";

export const DEFAULT_OPTIONS = { delimiter: "", prefix: "", ignoreCase: false };

/** Whether a protocol's pattern matches a scheme whose URLs have hosts and paths. */
export function matchesSpecialScheme(component) {
  return SPECIAL_SCHEMES.some((scheme) => component.test(scheme));
}

/** The URLPatternInit that a string stands for. */
export function parseConstructorString(input) {
  return new ConstructorStringParser(input).run();
}

// What precedes a component in a URL, for the components that a string leaves out.
const BEFORE_HOSTNAME = ["protocol", "authority", "username", "password"];
const BEFORE_PATHNAME = [...BEFORE_HOSTNAME, "hostname", "port"];
const BEFORE_SEARCH = [...BEFORE_PATHNAME, "pathname"];
const TEXT = ["char", "escaped-char", "invalid-char"];
// After these, "?" is a modifier and begins no query.
const MODIFIABLE = ["name", "regexp", "close", "asterisk"];

class ConstructorStringParser {
  #input;
  #tokens;
  #result = {};
  #state = "init";
  #start = 0;
  #index = 0;
  #increment = 1;
  #groupDepth = 0;
  #bracketDepth = 0;
  #special = false;

  constructor(input) {
    this.#input = input;
    this.#tokens = tokenize(input, { lenient: true });
  }

  run() {
    while (this.#index < this.#tokens.length) {
      this.#increment = 1;
      if (this.#tokens[this.#index].type === "end") {
        if (this.#atEnd()) break;
      } else if (!this.#inGroup()) {
        this.#step();
      }
      this.#index += this.#increment;
    }
    if (this.#result.hostname !== undefined) this.#result.port ??= "";
    return this.#result;
  }

  /** What to do when the tokens end in this state; true if that is all. */
  #atEnd() {
    if (this.#state === "init") {
      this.#rewind();
      if (this.#isText("#")) this.#change("hash", 1);
      else if (this.#isSearchPrefix()) this.#change("search", 1);
      else this.#change("pathname", 0);
      return false;
    }
    if (this.#state === "authority") {
      this.#rewind("hostname");
      return false;
    }
    this.#change("done", 0);
    return true;
  }

  /** Keep count of braces; what they hold is never a delimiter. */
  #inGroup() {
    const { type } = this.#tokens[this.#index];
    if (type === "open") {
      this.#groupDepth++;
      return true;
    }
    if (this.#groupDepth === 0) return false;
    if (type !== "close") return true;
    this.#groupDepth--;
    return false;
  }

  #step() {
    switch (this.#state) {
      case "init":
        if (this.#isText(":")) this.#rewind("protocol");
        break;
      case "protocol":
        if (this.#isText(":")) this.#afterProtocol();
        break;
      case "authority":
        if (this.#isText("@")) this.#rewind("username");
        else if (this.#isText("/") || this.#isSearchPrefix() || this.#isText("#")) this.#rewind("hostname");
        break;
      case "username":
        if (this.#isText(":")) this.#change("password", 1);
        else if (this.#isText("@")) this.#change("hostname", 1);
        break;
      case "password":
        if (this.#isText("@")) this.#change("hostname", 1);
        break;
      case "hostname":
        this.#inHostname();
        break;
      case "port":
        if (this.#isText("/")) this.#change("pathname", 0);
        else this.#searchOrHash();
        break;
      case "pathname":
        this.#searchOrHash();
        break;
      case "search":
        if (this.#isText("#")) this.#change("hash", 1);
        break;
    }
  }

  #afterProtocol() {
    const protocol = new Component(this.#componentString(), canonicalProtocol, DEFAULT_OPTIONS);
    this.#special = matchesSpecialScheme(protocol);
    if (this.#isText("/", 1) && this.#isText("/", 2)) this.#change("authority", 3);
    else this.#change(this.#special ? "authority" : "pathname", 1);
  }

  #inHostname() {
    if (this.#isText("[")) this.#bracketDepth++;
    else if (this.#isText("]")) this.#bracketDepth--;
    else if (this.#isText(":") && this.#bracketDepth === 0) this.#change("port", 1);
    else if (this.#isText("/")) this.#change("pathname", 0);
    else this.#searchOrHash();
  }

  #searchOrHash() {
    if (this.#isSearchPrefix()) this.#change("search", 1);
    else if (this.#isText("#")) this.#change("hash", 1);
  }

  /** End this component; the next begins `skip` tokens on. */
  #change(state, skip) {
    const old = this.#state;
    if (old !== "init" && old !== "authority" && old !== "done") {
      this.#result[old] = this.#componentString();
    }
    if (old !== "init" && state !== "done") this.#fillIn(old, state);
    this.#state = state;
    this.#index += skip;
    this.#start = this.#index;
    this.#increment = 0;
  }

  /** Components that are passed over are empty, or the shortest path. */
  #fillIn(old, state) {
    const result = this.#result;
    if (BEFORE_HOSTNAME.includes(old) && ["port", "pathname", "search", "hash"].includes(state)) {
      result.hostname ??= "";
    }
    if (BEFORE_PATHNAME.includes(old) && ["search", "hash"].includes(state)) {
      result.pathname ??= this.#special ? "/" : "";
    }
    if (BEFORE_SEARCH.includes(old) && state === "hash") result.search ??= "";
  }

  #rewind(state = this.#state) {
    this.#state = state;
    this.#index = this.#start;
    this.#increment = 0;
  }

  #token(index) {
    return this.#tokens[index] ?? this.#tokens.at(-1);
  }

  /** Whether this token, or one that follows, is this very character. */
  #isText(character, offset = 0) {
    const token = this.#token(this.#index + offset);
    return token.value === character && TEXT.includes(token.type);
  }

  #isSearchPrefix() {
    if (this.#isText("?")) return true;
    if (this.#token(this.#index).value !== "?") return false;
    return this.#index === 0 || !MODIFIABLE.includes(this.#tokens[this.#index - 1].type);
  }

  #componentString() {
    return this.#input.slice(this.#token(this.#start).index, this.#tokens[this.#index].index);
  }
}
