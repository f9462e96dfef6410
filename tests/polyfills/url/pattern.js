import { equal, same, throws } from "./assert.js";
import { URLPattern } from "holdfast:url/pattern/url-pattern.js";

const COMPONENTS = [
  "protocol", "username", "password", "hostname", "port", "pathname", "search", "hash",
];
const groups = (pattern, pathname) => new URLPattern({ pathname: pattern }).exec({ pathname })?.pathname.groups;

export function names_match_one_segment() {
  const pattern = new URLPattern({ pathname: "/api/:kind/:id" });
  same(pattern.test("https://a.example/api/users/12?x#y"), true);
  same(pattern.test("https://a.example/api/users/12/more"), false);
  same(pattern.test("https://a.example/api/users/"), false);
  equal({ ...pattern.exec("https://a.example/api/users/12").pathname.groups }, { kind: "users", id: "12" });
}

export function modifiers_wildcards_and_expressions() {
  equal(groups("/a/:b?", "/a"), { b: undefined });
  equal(groups("/a/:b+", "/a/1/2"), { b: "1/2" });
  equal(groups("/a/:b*", "/a"), { b: undefined });
  equal(groups("/a/*", "/a/x/y"), { 0: "x/y" });
  equal(groups("/:n(\\d+)", "/12"), { n: "12" });
  same(groups("/:n(\\d+)", "/x"), undefined);
  equal(groups("/{v:n.}?txt", "/v1.txt"), { n: "1" });
  equal(groups("/(a|b)/(.*)", "/b/c"), { 0: "b", 1: "c" });
  equal(groups("/x{y}+", "/xyy"), {});
  equal(Object.keys(groups("/:__proto__", "/p")), ["__proto__"]);
}

export function punctuation_matches_itself_also_where_the_engine_is_stricter() {
  equal(groups("/foo-bar\\:\\:x//y", "/foo-bar::x//y"), {});
  equal(groups("/:id(a-b|c/d|[x-z]::+)", "/c/d"), { id: "c/d" });
  equal(groups("/:id(a-b|c/d|[x-z]::+)", "/y:::"), { id: "y:::" });
  equal(groups("/:id((?i-s:A)-\\d)", "/a-1"), { id: "a-1" });
  equal(groups("/:id([[a-z]--a])", "/b"), { id: "b" });
}

export function a_string_is_told_apart_into_components() {
  const pattern = new URLPattern("https://*.example.com:8*/v:n/x?q=:q#:h");
  const texts = COMPONENTS.map((name) => pattern[name]);
  equal(texts, ["https", "*", "*", "*.example.com", "8*", "/v:n/x", "q=:q", ":h"]);
  const match = pattern.exec("https://api.example.com:8080/v2/x?q=1#top");
  equal({ ...match.hostname.groups, ...match.search.groups }, { 0: "api", q: "1" });
  equal(match.hash, { groups: { h: "top" }, input: "top" });
}

export function a_base_url_fills_in_what_is_missing() {
  const pattern = new URLPattern("b/:c", "https://a.example/x/y?z");
  equal(COMPONENTS.map((name) => pattern[name]), ["https", "*", "*", "a.example", "", "/x/b/:c", "*", "*"]);
  same(pattern.test("b/1", "https://a.example/x/"), true);
  same(pattern.test({ pathname: "b/1", baseURL: "https://a.example/x/" }), true);
  same(new URLPattern({ search: "q", baseURL: "https://a.example/p" }).pathname, "/p");
}

export function fixed_text_is_canonicalized() {
  same(new URLPattern({ pathname: "/é x/../y" }).pathname, "/y");
  same(new URLPattern({ hostname: "CAFÉ.com" }).hostname, "xn--caf-dma.com");
  same(new URLPattern({ protocol: "HTTPS", port: "443" }).port, "443");
  same(new URLPattern({ protocol: "https", port: "443" }).port, "");
  same(new URLPattern({ protocol: "data", pathname: "a b" }).pathname, "a b");
  same(new URLPattern({ search: "?a b", hash: "#c d" }).search, "a%20b");
  same(new URLPattern("http://[\\:\\:AB]/").hostname, "[\\:\\:ab]");
}

export function the_result_tells_every_component_and_the_inputs() {
  const match = new URLPattern({ pathname: "/a" }).exec("a", "https://u:p@h.example:81/?q#f");
  equal(Object.keys(match), ["hash", "hostname", "inputs", "password", "pathname", "port", "protocol", "search", "username"]);
  equal(match.inputs, ["a", "https://u:p@h.example:81/?q#f"]);
  equal(match.hostname, { groups: { 0: "h.example" }, input: "h.example" });
  equal(match.pathname, { groups: {}, input: "/a" });
  equal(match.username, { groups: { 0: "u" }, input: "u" });
}

export function case_is_ignored_when_asked_for() {
  same(new URLPattern({ pathname: "/Path" }).test({ pathname: "/path" }), false);
  same(new URLPattern({ pathname: "/Path" }, { ignoreCase: true }).test({ pathname: "/path" }), true);
  same(new URLPattern("/Path", "https://a.example", { ignoreCase: true }).test("https://a.example/path"), true);
}

export function what_is_no_url_does_not_match() {
  const everything = new URLPattern();
  same(everything.test("nope"), false);
  same(everything.exec({ port: "x" }), null);
  same(everything.test("/x", "nope"), false);
  same(everything.test(), true);
  same(everything.test("data:x"), true);
}

export function malformed_patterns_are_type_errors() {
  for (const pathname of ["/(", "/(?:x)", "/((x))", "/:a/:a", "/{a", "/a}", "/(é)", "/\\", "/(a", "/(])"]) {
    throws(() => new URLPattern({ pathname }), TypeError, pathname);
  }
  throws(() => new URLPattern("/relative"), TypeError);
  throws(() => new URLPattern({ pathname: "/" }, "https://a.example"), TypeError);
  throws(() => new URLPattern({ baseURL: "nope" }), TypeError);
  throws(() => new URLPattern({ hostname: "a b" }), TypeError);
  throws(() => new URLPattern({ port: "x" }), TypeError);
  throws(() => new URLPattern({ hostname: "[x]" }), TypeError);
  throws(() => new URLPattern({ pathname: "/" }).test({}, "https://a.example"), TypeError);
}

export function the_class_looks_as_web_idl_says() {
  same(Object.prototype.toString.call(new URLPattern()), "[object URLPattern]");
  same(new URLPattern({ pathname: "/(x)" }).hasRegExpGroups, true);
  same(new URLPattern({ pathname: "/:x" }).hasRegExpGroups, false);
  same(URLPattern.length, 0);
  throws(() => URLPattern(), TypeError);
  throws(() => URLPattern.prototype.pathname, TypeError);
  throws(() => URLPattern.prototype.test.call({}, "x"), TypeError);
}
