// A URLPatternInit made whole: https://urlpattern.spec.whatwg.org/#process-a-urlpatterninit

import { canonicalOf } from "../canonical.js";
import * as components from "../components.js";
import * as canonical from "./canonicalize.js";
import { escapePattern } from "./escape.js";

export const COMPONENTS = [
  "protocol", "username", "password", "hostname", "port", "pathname", "search", "hash",
];

const withoutFirst = (slice) => (href) => slice(href).slice(1);

/** How each component, as patterns match it, is taken from a canonical URL. */
const SLICES = {
  protocol: (href) => components.protocolOf(href).slice(0, -1),
  username: components.usernameOf,
  password: components.passwordOf,
  hostname: components.hostnameOf,
  port: components.portOf,
  pathname: components.pathnameOf,
  search: withoutFirst(components.searchOf),
  hash: withoutFirst(components.hashOf),
};

/** One component of a canonical URL. */
export function componentOf(href, name) {
  return SLICES[name](href);
}

/** The patterns in `init` and what they inherit from its base URL. Throws a TypeError. */
export function patternsFrom(init) {
  const result = {};
  const base = baseOf(init);
  if (base !== undefined) {
    for (const name of inherited(init, PATTERN_INHERITANCE)) result[name] = escapePattern(base[name]);
  }
  Object.assign(result, strip(init));
  if (init.pathname !== undefined && base !== undefined) {
    result.pathname = resolvePath(init.pathname, base, { escape: escapePattern });
  }
  return result;
}

/** The canonical components in `init`, to be matched; "" where absent. Throws a TypeError. */
export function valuesFrom(init) {
  const result = Object.fromEntries(COMPONENTS.map((name) => [name, ""]));
  const base = baseOf(init);
  if (base !== undefined) {
    for (const name of inherited(init, VALUE_INHERITANCE)) result[name] = base[name];
  }
  const given = strip(init);
  if (init.pathname !== undefined && base !== undefined) {
    given.pathname = resolvePath(init.pathname, base, { escape: undefined });
  }
  for (const name of COMPONENTS) {
    if (given[name] !== undefined) result[name] = CANONICALIZERS[name](given[name], result.protocol);
  }
  return result;
}

function pathnameFor(value, protocol) {
  const special = protocol === "" || canonical.SPECIAL_SCHEMES.includes(protocol);
  return special ? canonical.canonicalPathname(value) : canonical.canonicalOpaquePathname(value);
}

const CANONICALIZERS = {
  protocol: canonical.canonicalProtocol,
  username: canonical.canonicalUsername,
  password: canonical.canonicalPassword,
  hostname: canonical.canonicalHostname,
  port: canonical.canonicalPort,
  pathname: pathnameFor,
  search: canonical.canonicalSearch,
  hash: canonical.canonicalHash,
};

/** A component is inherited unless one of these was given, or it was itself. */
const PATTERN_INHERITANCE = {
  protocol: [],
  hostname: ["protocol"],
  port: ["protocol", "hostname"],
  pathname: ["protocol", "hostname", "port"],
  search: ["protocol", "hostname", "port", "pathname"],
  hash: ["protocol", "hostname", "port", "pathname", "search"],
};
const VALUE_INHERITANCE = {
  ...PATTERN_INHERITANCE,
  username: ["protocol", "hostname", "port"],
  password: ["protocol", "hostname", "port", "username"],
};

function inherited(init, inheritance) {
  return Object.keys(inheritance).filter(
    (name) => [name, ...inheritance[name]].every((other) => init[other] === undefined),
  );
}

function baseOf({ baseURL }) {
  if (baseURL === undefined) return undefined;
  const href = canonicalOf(baseURL);
  if (href === undefined) throw new TypeError(`Invalid base URL: ${baseURL}`);
  const values = Object.fromEntries(COMPONENTS.map((name) => [name, componentOf(href, name)]));
  return { ...values, hasPath: values.pathname.startsWith("/") };
}

/** The components given, without the delimiters that belong to no component. */
function strip(init) {
  const given = {};
  for (const name of COMPONENTS) if (init[name] !== undefined) given[name] = init[name];
  if (given.protocol?.endsWith(":")) given.protocol = given.protocol.slice(0, -1);
  if (given.search?.startsWith("?")) given.search = given.search.slice(1);
  if (given.hash?.startsWith("#")) given.hash = given.hash.slice(1);
  return given;
}

/** A path relative to the base URL's; with `escape` both are patterns. */
function resolvePath(pathname, base, { escape }) {
  const absolute = escape === undefined ? /^\// : /^[\\{]?\//;
  if (!base.hasPath || absolute.test(pathname)) return pathname;
  const folder = base.pathname.slice(0, base.pathname.lastIndexOf("/") + 1);
  return (escape === undefined ? folder : escape(folder)) + pathname;
}
