import { ok, same, equal, throws, rejects } from "./assert.js";
import { Request, requestFromHost } from "holdfast:fetch/request.js";

const URL_A = "http://x.test/a";

export function a_request_has_the_defaults_of_workers() {
  const request = new Request(URL_A);
  same(request.method, "GET");
  same(request.url, URL_A);
  same(request.redirect, "follow");
  same(request.body, null);
  same(request.cf, undefined);
  same(request.fetcher, null);
  same(request.integrity, "");
  same(request.keepalive, false);
  same(request.cache, undefined);
  same(request.signal, request.signal);
}

export function the_url_is_checked_and_made_canonical() {
  throws(() => new Request(), TypeError);
  throws(() => new Request("/x"), TypeError);
  throws(() => new Request("nope"), TypeError);
  same(new Request("HTTP://C/%7e/../é").url, "http://c/%C3%A9");
}

export function methods_are_normalised_and_checked() {
  same(new Request(URL_A, { method: "post" }).method, "POST");
  same(new Request(URL_A, { method: "patch" }).method, "PATCH");
  same(new Request(URL_A, { method: "Custom" }).method, "Custom");
  same(new Request(URL_A, { method: undefined }).method, "GET");
  for (const method of ["a b", "", "CONNECT", "track"]) {
    throws(() => new Request(URL_A, { method }), TypeError, method);
  }
}

export function get_and_head_have_no_body() {
  for (const method of ["GET", "head"]) {
    throws(() => new Request(URL_A, { method, body: "x" }), TypeError);
    throws(() => new Request(URL_A, { method, body: "" }), TypeError);
    same(new Request(URL_A, { method, body: null }).body, null);
  }
}

export async function a_request_made_of_another_takes_its_body() {
  const first = new Request(URL_A, { method: "POST", body: "x", headers: { a: "b" } });
  const second = new Request(first);
  same(first.bodyUsed, true);
  same(second.bodyUsed, false);
  same(second.headers.get("a"), "b");
  same(second.headers.get("content-type"), "text/plain;charset=UTF-8");
  throws(() => new Request(first), TypeError);
  await rejects(first.text(), TypeError);
  same(await second.text(), "x");
}

export async function another_body_leaves_the_first_alone() {
  const first = new Request(URL_A, { method: "POST", body: "x" });
  const second = new Request(first, { body: "y" });
  same(await first.text(), "x");
  same(await second.text(), "y");
  throws(() => new Request(new Request(URL_A, { method: "POST", body: "x" }), { method: "GET" }), TypeError);
}

export function options_are_checked() {
  throws(() => new Request(URL_A, { redirect: "x" }), TypeError);
  throws(() => new Request(URL_A, { cache: "x" }), TypeError);
  throws(() => new Request(URL_A, { integrity: "sha256-x" }), TypeError);
  throws(() => new Request(URL_A, { signal: 1 }), TypeError);
  throws(() => new Request(URL_A, { cf: 1 }), TypeError);
  throws(() => new Request(URL_A, 3), TypeError);
  equal(new Request(URL_A, { cf: { a: 1 } }).cf, { a: 1 });
  same(new Request(URL_A, null).method, "GET");
}

export async function the_hosts_request_is_immutable_and_can_be_copied() {
  const request = requestFromHost("POST", URL_A, "Host\nx.test\n", "body");
  same(request.redirect, "manual");
  same(request.headers.get("host"), "x.test");
  throws(() => request.headers.set("a", "b"), TypeError);
  const copy = new Request(request);
  copy.headers.set("a", "b");
  same(await copy.text(), "body");
  same(request.headers.get("a"), null);
}

export async function a_clone_has_a_body_of_its_own() {
  const request = new Request(URL_A, { method: "POST", body: "x", redirect: "manual" });
  const clone = request.clone();
  same(clone.redirect, "manual");
  same(await request.text(), "x");
  same(await clone.text(), "x");
  throws(() => request.clone(), TypeError);
}

export function a_request_has_a_signal_of_its_own_that_follows() {
  const controller = new AbortController();
  const request = new Request("http://x/", { signal: controller.signal });
  const clone = request.clone();
  ok(request.signal !== controller.signal);
  same(request.signal, request.signal);
  ok(clone.signal !== request.signal);
  ok(new Request(request).signal !== request.signal);
  controller.abort("why");
  same(request.signal.reason, "why");
  same(clone.signal.reason, "why");
  same(new Request(request).signal.aborted, true);
  same(new Request(request, { signal: null }).signal.aborted, false);
}

export function what_has_no_meaning_here_must_make_sense_all_the_same() {
  const valid = { credentials: "include", mode: "cors", priority: "low", referrerPolicy: "" };
  same(new Request("http://x/", valid).url, "http://x/");
  for (const init of [{ credentials: "x" }, { mode: "navigate" }, { priority: "" }, { referrerPolicy: "x" }]) {
    throws(() => new Request("http://x/", init), TypeError);
  }
}
