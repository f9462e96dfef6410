import { equal, same, throws } from "./assert.js";
import { URL } from "holdfast:url/url.js";

function set(href, component, value) {
  const url = new URL(href);
  url[component] = value;
  return url.href;
}

export function each_component_can_be_set() {
  const href = "https://a.example/b?c#d";
  same(set(href, "protocol", "http"), "http://a.example/b?c#d");
  same(set(href, "username", "me:"), "https://me%3A@a.example/b?c#d");
  same(set(href, "password", "p@"), "https://:p%40@a.example/b?c#d");
  same(set(href, "host", "B.example:81"), "https://b.example:81/b?c#d");
  same(set(href, "hostname", "b.example"), "https://b.example/b?c#d");
  same(set(href, "port", "8080"), "https://a.example:8080/b?c#d");
  same(set(href, "pathname", "x/../y z"), "https://a.example/y%20z?c#d");
  same(set(href, "search", "x y"), "https://a.example/b?x%20y#d");
  same(set(href, "hash", "#x y"), "https://a.example/b?c#x%20y");
}

export function values_that_make_no_sense_are_ignored() {
  const href = "https://a.example/b";
  same(set(href, "protocol", "mailto"), href);
  same(set(href, "host", ""), href);
  same(set(href, "port", "x"), href);
  same(set(href, "port", "65536"), href);
  same(set("mailto:x", "host", "a.example"), "mailto:x");
  same(set("mailto:x", "pathname", "y"), "mailto:x");
  same(set("file:///x", "username", "me"), "file:///x");
}

export function empty_values_remove_what_may_be_absent() {
  same(set("https://a.example:81/", "port", ""), "https://a.example/");
  same(set("https://a.example/?x#y", "search", ""), "https://a.example/#y");
  same(set("https://a.example/?x#y", "hash", ""), "https://a.example/?x");
  same(set("https://u:p@a.example/", "username", ""), "https://:p@a.example/");
}

export function a_new_href_must_be_a_url() {
  const url = new URL("https://a.example/?x=1");
  const params = url.searchParams;
  throws(() => (url.href = "nope"), TypeError);
  same(url.href, "https://a.example/?x=1");
  url.href = "https://b.example/?y=2";
  same(params.get("x"), null);
  same(params.get("y"), "2");
}

export function values_are_converted_to_strings_without_lone_surrogates() {
  const url = new URL("https://a.example/");
  url.hash = 12;
  same(url.hash, "#12");
  url.pathname = "/\udc00";
  same(url.pathname, "/%EF%BF%BD");
  throws(() => (url.hash = Symbol()), TypeError);
}

export function origin_and_searchParams_cannot_be_set() {
  const url = new URL("https://a.example/");
  throws(() => (url.origin = "x"), TypeError);
  throws(() => (url.searchParams = "x"), TypeError);
}

export function the_search_and_its_parameters_follow_each_other() {
  const url = new URL("https://a.example/?a=1&b=%20#h");
  const { searchParams } = url;
  same(url.searchParams, searchParams);
  searchParams.append("c", "é &");
  same(url.href, "https://a.example/?a=1&b=+&c=%C3%A9+%26#h");
  searchParams.delete("a");
  searchParams.delete("b");
  searchParams.delete("c");
  same(url.href, "https://a.example/#h");
  url.search = "?z=1&z=2";
  equal(searchParams.getAll("z"), ["1", "2"]);
  url.search = "";
  same(searchParams.size, 0);
}

export function reading_the_parameters_leaves_the_query_as_it_is() {
  const url = new URL("https://a.example/?a=~&b=%7E&&");
  same(url.searchParams.get("a"), "~");
  same(url.search, "?a=~&b=%7E&&");
  url.searchParams.sort();
  same(url.search, "?a=%7E&b=%7E");
}
