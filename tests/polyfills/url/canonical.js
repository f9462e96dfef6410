// The pattern for canonical URLs and the host's parser must agree on every string.

import { equal, same } from "./assert.js";
import { url_parse } from "holdfast:ops";
import { canonicalOf, canonicalWithBase, rememberCanonical } from "holdfast:url/canonical.js";
import * as components from "holdfast:url/components.js";

const PIECES = [
  "http://", "https://", "HTTP://", "a", "b.c", "0x1", ".", "..", "/", "//", "\\", "?", "#",
  "%2e", "%2E", "%41", "%", "xn--", "-", "_", ":80", ":443", ":8080", ":0", ":065", ":65536",
  "@", "é", "^", "`", "'", '"', "<", "{", "|", " ", "\t", "127.0.0.1", "256", "[::1]", "~", "!",
  "$", "&", "*", "+", ",", ";", "=", "[", "]", "A", "\x7f", "/.", ".a", "09", ":1", "\n",
];
const STARTS = ["http://a", "https://a.b", "http://localhost:8080/", "https://127.0.0.1/x", ""];

function agree(string) {
  same(canonicalOf(string), url_parse(string), JSON.stringify(string));
}

export function combinations_of_delimiters_parse_as_the_host_parses_them() {
  for (const start of STARTS) {
    for (const first of PIECES) {
      for (const second of PIECES) agree(start + first + second);
    }
  }
}

export function every_character_in_every_component_parses_as_the_host_parses_it() {
  for (const start of ["http://a", "http://a/", "http://a/?", "http://a/#", "https://a:8080/b"]) {
    for (let code = 0; code < 0x102; code++) {
      agree(start + String.fromCharCode(code));
      agree(`${start + String.fromCharCode(code)}/b`);
    }
  }
}

export function strings_too_long_for_the_pattern_parse_all_the_same() {
  same(canonicalOf(`https://a/${"x".repeat(100_000)}`).length, 100_010);
  same(canonicalOf(`https://A/${"x".repeat(100_000)}`).length, 100_010);
}

export function what_was_parsed_last_is_remembered_with_its_own_answer() {
  same(canonicalOf("https://A.example"), "https://a.example/");
  same(canonicalOf("https://A.example"), "https://a.example/");
  same(canonicalOf("not a url"), undefined);
  same(canonicalOf("https://A.example"), "https://a.example/");
  rememberCanonical("https://b.example/");
  same(canonicalOf("https://b.example/"), "https://b.example/");
  same(canonicalOf(""), undefined);
}

export function a_query_is_replaced_in_place() {
  same(components.withQuery("https://a/b#c?d", "x=1"), "https://a/b?x=1#c?d");
  same(components.withQuery("https://a/b?old#c", ""), "https://a/b#c");
  same(components.withQuery("https://a/b?old", "new"), "https://a/b?new");
}

export function urls_with_a_base_parse_as_the_host_parses_them() {
  const bases = [
    "http://a/", "https://a.b:8080/c/d?e#f", "http://u@h/", "foo://h/p", "data:x", "http://a", "nope",
    "http://a/?@", "HTTP://A/", "file:///a/b", "https://x/@y",
  ];
  for (const base of bases) {
    for (const first of ["", "/", ...PIECES]) {
      for (const second of ["", ...PIECES]) {
        const input = first + second;
        same(canonicalWithBase(input, base), url_parse(input, base), JSON.stringify([input, base]));
      }
    }
    rememberCanonical("http://u@h/");
  }
}
