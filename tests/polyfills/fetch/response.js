import { ok, same, equal, throws, rejects } from "./assert.js";
import { Response, responseFromHost } from "holdfast:fetch/response.js";

export async function a_string_answers_text_and_json_without_a_stream() {
  const response = new Response('{"a":1}');
  same(response.headers.get("content-type"), "text/plain;charset=UTF-8");
  same(response.bodyUsed, false);
  const pending = response.json();
  same(response.bodyUsed, true);
  equal(await pending, { a: 1 });
  await rejects(response.text(), TypeError);
  throws(() => response.clone(), TypeError);
}

export async function what_is_no_body_type_is_taken_as_a_string() {
  same(await new Response(5).text(), "5");
  same(await new Response(true).text(), "true");
  same(await new Response({}).text(), "[object Object]");
  same(await new Response(new String("x")).text(), "x");
  same(await new Response(null).text(), "");
  throws(() => new Response(Symbol("s")), TypeError);
}

export async function bytes_are_copied_at_once() {
  const bytes = new Uint8Array([104, 105]);
  const response = new Response(bytes);
  bytes[0] = 0;
  same(response.headers.get("content-type"), null);
  same(await response.text(), "hi");
  equal(new Uint8Array(await new Response(bytes.buffer).arrayBuffer()), new Uint8Array([0, 105]));
  same(await new Response(new DataView(bytes.buffer, 1)).text(), "i");
}

export async function a_byte_order_mark_is_dropped_and_lone_surrogates_are_replaced() {
  same(await new Response("\uFEFFabc").text(), "abc");
  same(await new Response("\uFEFF1").json(), 1);
  same(await new Response("a\ud800b").text(), "a\ufffdb");
}

export async function a_missing_body_is_never_used_up() {
  const response = new Response(null);
  same(response.body, null);
  same(await response.text(), "");
  same(response.bodyUsed, false);
  same((await response.arrayBuffer()).byteLength, 0);
  await rejects(response.json(), SyntaxError);
}

export function the_status_is_checked() {
  for (const status of [199, 600, 101, "abc", NaN, null, 0]) {
    throws(() => new Response("x", { status }), RangeError, String(status));
  }
  for (const status of [204, 205, 304]) {
    throws(() => new Response("x", { status }), TypeError);
    same(new Response(null, { status }).status, status);
    for (const empty of ["", new ArrayBuffer(0), new Uint8Array(0), new Blob([], { type: "a/b" }), new URLSearchParams()]) {
      same(new Response(empty, { status }).body, null);
      same(new Response(empty, { status }).headers.get("content-type"), null);
    }
    throws(() => new Response(new Uint8Array(1), { status }), TypeError);
    throws(() => new Response(new Response("").body, { status }), TypeError);
  }
  same(new Response("x", { status: undefined }).status, 200);
  same(new Response("x", { status: "404" }).ok, false);
  same(new Response(null, { status: 101, webSocket: new WebSocketPair()[0] }).status, 101);
  throws(() => new Response("x", { statusText: "a\nb" }), TypeError);
  throws(() => new Response("x", 5), TypeError);
}

export function an_init_may_be_a_response() {
  const response = new Response("x", new Response("y", { status: 404, headers: { a: "b" } }));
  same(response.status, 404);
  same(response.headers.get("a"), "b");
  same(response.headers.get("content-type"), "text/plain;charset=UTF-8");
}

export async function json_is_written_with_its_content_type() {
  const response = Response.json({ a: 1 });
  same(response.headers.get("content-type"), "application/json");
  same(await response.text(), '{"a":1}');
  same(Response.json(1, { headers: { "content-type": "a/b" } }).headers.get("content-type"), "a/b");
  throws(() => Response.json(undefined), TypeError);
  throws(() => Response.json(1, { status: 204 }), TypeError);
}

export function redirects_are_checked_and_immutable() {
  const response = Response.redirect("http://a.test/x y", 301);
  same(response.status, 301);
  same(response.headers.get("location"), "http://a.test/x%20y");
  throws(() => response.headers.set("a", "b"), TypeError);
  throws(() => Response.redirect("http://a.test/", 200), RangeError);
  throws(() => Response.redirect("/x"), TypeError);
  same(Response.error().type, "error");
  same(Response.error().status, 0);
}

export async function a_clone_shares_nothing_that_can_be_changed() {
  const response = new Response(new Uint8Array([1, 2]), { headers: { a: "1" } });
  const clone = response.clone();
  clone.headers.set("a", "2");
  same(response.headers.get("a"), "1");
  const bytes = await response.bytes();
  bytes[0] = 9;
  equal(await clone.bytes(), new Uint8Array([1, 2]));
}

export async function the_host_makes_responses_with_immutable_headers() {
  const response = responseFromHost(418, "Short", "A\n1\n", "tea", "http://x/");
  same(response.status, 418);
  same(response.statusText, "Short");
  same(response.url, "http://x/");
  same(response.headers.get("a"), "1");
  throws(() => response.headers.set("a", "2"), TypeError);
  same(await response.text(), "tea");
  const copy = new Response("x", responseFromHost(418, "", "a\n1\n"));
  copy.headers.set("a", "2");
}

export async function methods_of_something_else_reject() {
  await rejects(Response.prototype.text.call({}), TypeError);
  throws(() => Object.getOwnPropertyDescriptor(Response.prototype, "status").get.call({}), TypeError);
  throws(() => Object.getOwnPropertyDescriptor(Response.prototype, "bodyUsed").get.call({}), TypeError);
  throws(() => Response("x"), TypeError);
  ok(Object.getOwnPropertyDescriptor(Response.prototype, "text").enumerable);
}

export function a_content_type_of_the_scripts_own_stays() {
  const typeOf = (headers) => new Response("x", { headers }).headers.get("content-type");
  same(typeOf({ "Content-Type": "a/b" }), "a/b");
  same(typeOf([["x", "content-type"], ["y", "z"]]), "text/plain;charset=UTF-8");
  same(typeOf({ a: "1", "content-type": "" }), "");
  same(typeOf(responseFromHost(200, "", "X\n1\nCONTENT-TYPE\na/b\n").headers), "a/b");
}
