// URL: https://url.spec.whatwg.org/#url-class

import { url_set } from "holdfast:ops";
import { createObjectURL, revokeObjectURL } from "../files/object-urls.js";
import { defineView } from "../console/views.js";
import { defineInterface, requireArguments, toUSVString } from "../kernel/webidl.js";
import { keepShapes } from "../kernel/shapes.js";
import { canonicalOf, canonicalWithBase, rememberCanonical } from "./canonical.js";
import * as components from "./components.js";
import { paramsOfUrl, resetParams } from "./search-params.js";

/** A parsed URL: its canonical form, from which components are sliced when asked for. */
export class URL {
  #href;
  #params;

  // A missing `url` is as invalid as the string "undefined": both are TypeErrors.
  constructor(url, base = undefined) {
    const input = toUSVString(url);
    const href =
      base === undefined ? canonicalOf(input) : canonicalWithBase(input, toUSVString(base));
    if (href === undefined) throw invalid();
    this.#href = href;
  }

  static parse(url, base = undefined) {
    requireArguments(arguments.length, 1, "'parse' on 'URL'");
    const href = resolve(url, base);
    return href === undefined ? null : urlFromCanonical(href);
  }

  static canParse(url, base = undefined) {
    requireArguments(arguments.length, 1, "'canParse' on 'URL'");
    return resolve(url, base) !== undefined;
  }

  static createObjectURL(object) {
    requireArguments(arguments.length, 1, "'createObjectURL' on 'URL'");
    return createObjectURL(object);
  }

  static revokeObjectURL(url) {
    requireArguments(arguments.length, 1, "'revokeObjectURL' on 'URL'");
    revokeObjectURL(toUSVString(url));
  }

  get href() {
    return this.#href;
  }

  set href(value) {
    const href = canonicalOf(toUSVString(value));
    if (href === undefined) throw invalid();
    this.#href = href;
    this.#queryWasSet();
  }

  get origin() {
    return components.originOf(this.#href);
  }

  get protocol() {
    return components.protocolOf(this.#href);
  }

  set protocol(value) {
    this.#href = url_set(this.#href, "protocol", toUSVString(value));
  }

  get username() {
    return components.usernameOf(this.#href);
  }

  set username(value) {
    this.#href = url_set(this.#href, "username", toUSVString(value));
  }

  get password() {
    return components.passwordOf(this.#href);
  }

  set password(value) {
    this.#href = url_set(this.#href, "password", toUSVString(value));
  }

  get host() {
    return components.hostOf(this.#href);
  }

  set host(value) {
    this.#href = url_set(this.#href, "host", toUSVString(value));
  }

  get hostname() {
    return components.hostnameOf(this.#href);
  }

  set hostname(value) {
    this.#href = url_set(this.#href, "hostname", toUSVString(value));
  }

  get port() {
    return components.portOf(this.#href);
  }

  set port(value) {
    this.#href = url_set(this.#href, "port", toUSVString(value));
  }

  get pathname() {
    return components.pathnameOf(this.#href);
  }

  set pathname(value) {
    this.#href = url_set(this.#href, "pathname", toUSVString(value));
  }

  get search() {
    return components.searchOf(this.#href);
  }

  set search(value) {
    this.#href = url_set(this.#href, "search", toUSVString(value));
    this.#queryWasSet();
  }

  get searchParams() {
    return (this.#params ??= paramsOfUrl(components.searchOf(this.#href).slice(1), (query) => {
      this.#href = components.withQuery(this.#href, query);
    }));
  }

  get hash() {
    return components.hashOf(this.#href);
  }

  set hash(value) {
    this.#href = url_set(this.#href, "hash", toUSVString(value));
  }

  toString() {
    return this.#href;
  }

  toJSON() {
    return this.#href;
  }

  #queryWasSet() {
    const params = this.#params;
    if (params !== undefined) resetParams(params, components.searchOf(this.#href).slice(1));
  }
}

function resolve(url, base) {
  const input = toUSVString(url);
  return base === undefined ? canonicalOf(input) : canonicalWithBase(input, toUSVString(base));
}

const invalid = () => new TypeError("Invalid URL string.");

/** The URL of a string that is canonical already; it is not looked at. */
function urlFromCanonical(href) {
  rememberCanonical(href);
  return new URL(href);
}

keepShapes(new URL("http://localhost/"));
defineInterface(URL);
defineView(URL, [
  "href", "origin", "protocol", "username", "password", "host", "hostname", "port",
  "pathname", "search", "searchParams", "hash",
]);
