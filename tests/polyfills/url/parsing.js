import { equal, ok, same, throws } from "./assert.js";
import { URL } from "holdfast:url/url.js";

const COMPONENTS = [
  "href", "origin", "protocol", "username", "password", "host", "hostname", "port",
  "pathname", "search", "hash",
];

function describe(url) {
  return COMPONENTS.map((name) => url[name]);
}

export function components_of_a_url_with_everything() {
  equal(describe(new URL("https://user:pa%3Ass@Example.COM:8080/a/../b c?q=1&r='#frag ment")), [
    "https://user:pa%3Ass@example.com:8080/b%20c?q=1&r=%27#frag%20ment",
    "https://example.com:8080", "https:", "user", "pa%3Ass", "example.com:8080", "example.com",
    "8080", "/b%20c", "?q=1&r=%27", "#frag%20ment",
  ]);
}

export function components_of_a_url_that_is_canonical_already() {
  equal(describe(new URL("http://localhost:8787/api/users?id=1#top")), [
    "http://localhost:8787/api/users?id=1#top", "http://localhost:8787", "http:", "", "",
    "localhost:8787", "localhost", "8787", "/api/users", "?id=1", "#top",
  ]);
}

export function a_question_mark_after_the_number_sign_belongs_to_the_fragment() {
  const url = new URL("https://a.example/b#c?d/e@f");
  equal([url.pathname, url.search, url.hash, url.host], ["/b", "", "#c?d/e@f", "a.example"]);
}

export function an_at_sign_and_colons_in_the_path_are_no_user_info() {
  const url = new URL("https://a.example/@b:c");
  equal([url.username, url.host, url.port, url.pathname], ["", "a.example", "", "/@b:c"]);
}

export function empty_queries_and_fragments_stay_in_the_href_only() {
  const url = new URL("https://a.example/?#");
  equal([url.href, url.search, url.hash], ["https://a.example/?#", "", ""]);
}

export function an_ipv6_host_keeps_its_brackets_and_its_port_apart() {
  const url = new URL("http://[2001:DB8:0::1]:8080/");
  equal([url.host, url.hostname, url.port], ["[2001:db8::1]:8080", "[2001:db8::1]", "8080"]);
  same(new URL("http://[::1]/").port, "");
}

export function a_url_without_a_host() {
  const url = new URL("mailto:someone@example.com?subject=x");
  equal([url.host, url.username, url.pathname, url.search, url.origin], [
    "", "", "someone@example.com", "?subject=x", "null",
  ]);
}

export function a_path_that_looks_like_an_authority_is_told_from_one() {
  const url = new URL("web+demo:/.//not-a-host/x");
  equal([url.href, url.pathname, url.host], ["web+demo:/.//not-a-host/x", "//not-a-host/x", ""]);
}

export function schemes_that_begin_like_http_are_not_taken_for_it() {
  const url = new URL("httpx:opaque/path/more");
  equal([url.pathname, url.protocol], ["opaque/path/more", "httpx:"]);
  same(new URL("https-x://h/p").pathname, "/p");
}

export function origins() {
  const origin = (string) => new URL(string).origin;
  same(origin("ws://a.example:80/x"), "ws://a.example");
  same(origin("ftp://a.example:2121/x"), "ftp://a.example:2121");
  same(origin("file:///etc/hosts"), "null");
  same(origin("data:text/plain,x"), "null");
  same(origin("blob:https://a.example:443/id"), "https://a.example");
  same(origin("blob:ftp://a.example/id"), "null");
  same(origin("blob:nonsense"), "null");
}

export function relative_urls_need_a_base() {
  same(new URL("../c?d", "https://a.example/x/y/z").href, "https://a.example/x/c?d");
  same(new URL("//b.example", "https://a.example/").href, "https://b.example/");
  same(new URL(new URL("https://a.example/1"), "https://b.example").href, "https://a.example/1");
  throws(() => new URL("/path"), TypeError);
  throws(() => new URL("/path", "not a base"), TypeError);
  throws(() => new URL("/path", "mailto:x"), TypeError);
}

export function invalid_urls_throw_a_type_error_that_says_so() {
  for (const input of ["", "nope", "http://", "http://a b/", "https://256.256.256.256/"]) {
    same(throws(() => new URL(input), TypeError, input).message, "Invalid URL string.");
  }
  throws(() => new URL(), TypeError);
  throws(() => URL("https://a.example/"), TypeError);
}

export function parse_and_canParse_do_not_throw() {
  same(URL.parse("nope"), null);
  ok(URL.parse("/x", "https://a.example") instanceof URL);
  same(URL.parse("/x", "https://a.example").href, "https://a.example/x");
  same(URL.canParse("https://a.example"), true);
  same(URL.canParse("x"), false);
  same(URL.canParse("x", "https://a.example"), true);
  same(URL.canParse(undefined, "https://a.example"), true);
  throws(() => URL.canParse(), TypeError);
  throws(() => URL.parse(), TypeError);
}

export function an_invalid_url_is_still_invalid_the_second_time() {
  throws(() => new URL("http://a b/"), TypeError);
  throws(() => new URL("http://a b/"), TypeError);
  same(URL.canParse("http://a b/"), false);
}

export function the_host_is_mapped_to_ascii() {
  same(new URL("https://Faß.example/").hostname, "xn--fa-hia.example");
  same(new URL("https://0x7f.1/").hostname, "127.0.0.1");
  same(new URL("https://192.168.257/").hostname, "192.168.1.1");
}

export function lone_surrogates_become_replacement_characters() {
  same(new URL("https://a.example/\ud800x").pathname, "/%EF%BF%BDx");
}

export function a_url_becomes_its_href_as_a_string_and_as_json() {
  const url = new URL("https://a.example/x");
  same(`${url}`, "https://a.example/x");
  same(JSON.stringify({ url }), '{"url":"https://a.example/x"}');
}

export function the_class_looks_as_web_idl_says() {
  same(Object.prototype.toString.call(new URL("a:b")), "[object URL]");
  same(URL.length, 1);
  const keys = [];
  for (const key in new URL("a:b")) keys.push(key);
  equal(keys.toSorted(), [...COMPONENTS, "searchParams", "toJSON", "toString"].toSorted());
  equal(Object.keys(URL).toSorted(), ["canParse", "createObjectURL", "parse", "revokeObjectURL"]);
  throws(() => URL.prototype.href, TypeError);
}

export function a_script_that_replaces_regexp_exec_does_not_change_parsing() {
  const { exec } = RegExp.prototype;
  RegExp.prototype.exec = () => null;
  try {
    same(new URL("https://replaced.example/x/../y").href, "https://replaced.example/y");
    same(new URL("https://replaced.example/z").pathname, "/z");
  } finally {
    RegExp.prototype.exec = exec;
  }
}
