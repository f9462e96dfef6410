import { ok, same, throws } from "./assert.js";
import { atob, btoa } from "holdfast:encoding/base64.js";

function invalid(run, note) {
  const error = throws(run, "InvalidCharacterError", note);
  ok(error instanceof DOMException);
  same(error.code, 5);
}

export function base64_is_decoded_forgivingly() {
  same(atob(""), "");
  same(atob("YWJj"), "abc");
  same(atob("YQ"), "a");
  same(atob(" Y Q\t=\n=\f\r"), "a");
  same(atob("//8="), "\xff\xff");
  same(atob("ab"), "i");
  same(atob(null), "\x9e\xe9e");
  same(atob(12), "\xd7");
}

export function what_is_no_base64_is_refused() {
  for (const wrong of ["Y", "YQ=", "YQ===", "abcd=", "=", "a=b", "ab=c", "YW-_", "YQ\u00a0==", "YQ\v==", "é", "undefined"]) {
    invalid(() => atob(wrong), wrong);
  }
}

export function bytes_are_encoded_and_nothing_wider() {
  same(btoa(""), "");
  same(btoa("a\xff"), "Yf8=");
  same(btoa(undefined), "dW5kZWZpbmVk");
  invalid(() => btoa("\u0100"));
}

export function an_argument_is_required() {
  throws(() => atob(), TypeError);
  throws(() => btoa(), TypeError);
  same(atob.length, 1);
  same(btoa.length, 1);
}
