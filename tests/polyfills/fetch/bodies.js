import { ok, same, equal, throws, rejects } from "./assert.js";
import { Request, requestFromHost } from "holdfast:fetch/request.js";
import { Response } from "holdfast:fetch/response.js";
import { bodyForHost } from "holdfast:fetch/transfer.js";
import { FixedLengthStream } from "holdfast:streams/identity.js";
import { ReadableStream } from "holdfast:streams/readable.js";
import { Blob } from "holdfast:files/blob.js";
import { FormData } from "holdfast:fetch/form-data.js";
import { URLSearchParams } from "holdfast:url/search-params.js";
import { TextEncoder } from "holdfast:encoding/text-encoder.js";
import { body_cancel, body_open, body_read, body_read_all, body_write } from "holdfast:ops";
import { requireContext } from "holdfast:kernel/pending.js";

const encode = (text) => new TextEncoder().encode(text);
const streamOf = (...chunks) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(typeof chunk === "string" ? encode(chunk) : chunk);
      controller.close();
    },
  });
const post = (body) => new Request("http://x.test/", { method: "POST", body });

export async function the_body_of_a_string_is_a_stream_of_its_bytes() {
  const response = new Response("é");
  const { body } = response;
  same(response.body, body);
  const reader = body.getReader({ mode: "byob" });
  const { value } = await reader.read(new Uint8Array(8));
  equal(value, encode("é"));
  same(response.bodyUsed, true);
  same((await reader.read(new Uint8Array(1))).done, true);
}

export async function a_body_read_from_its_stream_is_used() {
  const response = new Response("x");
  response.body.getReader();
  same(response.bodyUsed, false);
  await rejects(response.text(), TypeError);
  throws(() => response.clone(), TypeError);
  throws(() => new Response(response.body), TypeError);
}

export async function the_stream_of_a_used_body_is_used_too() {
  const response = new Response("x");
  await response.text();
  throws(() => new Response(response.body), TypeError);
  same(response.bodyUsed, true);
  throws(() => response.body.getReader(), TypeError);
  const looked = new Response("x");
  const { body } = looked;
  const text = looked.text();
  throws(() => body.getReader(), TypeError);
  same(await text, "x");
  same(looked.body, body);
}

export async function text_works_after_a_look_at_the_body() {
  const response = new Response("abc");
  ok(response.body);
  same(await response.text(), "abc");
  same(response.bodyUsed, true);
  await rejects(response.text(), TypeError);
}

export async function streams_are_read_to_their_end() {
  same(await new Response(streamOf("a", "é", "b")).text(), "aéb");
  equal(await new Response(streamOf("1", "2")).json(), 12);
  same((await new Response(streamOf(new ArrayBuffer(3))).arrayBuffer()).byteLength, 3);
  same((await new Response(streamOf(new Float64Array(3))).bytes()).byteLength, 24);
  same((await new Response(streamOf("ab"), { headers: { "content-type": "a/b" } }).blob()).type, "a/b");
  same(new Response(streamOf("a")).headers.get("content-type"), null);
}

export async function a_failing_stream_fails_the_reading() {
  const failing = new ReadableStream({ start: (controller) => controller.error(new RangeError("zz")) });
  await rejects(new Response(failing).text(), RangeError);
  await rejects(new Response(streamOf(5)).text(), TypeError);
  await rejects(new Response(new ReadableStream({ start: (c) => (c.enqueue("s"), c.close()) })).text(), TypeError);
}

export async function iterables_of_bytes_are_bodies() {
  same(await new Response((function* () { yield encode("a"); yield encode("b"); })()).text(), "ab");
  same(await new Response((async function* () { yield encode("ab"); })()).text(), "ab");
  same(await new Response([encode("a")]).text(), "a");
  await rejects(new Response(["a"]).text(), TypeError);
}

export async function clones_of_streams_give_the_same_bytes() {
  const response = new Response(streamOf("a", "b"));
  const clone = response.clone();
  same(await clone.text(), "ab");
  same(await response.text(), "ab");
  const request = post(streamOf("x"));
  const copy = request.clone();
  same(await request.text(), "x");
  same(copy.bodyUsed, false);
  same(await copy.text(), "x");
}

export async function a_request_made_of_another_takes_its_stream() {
  const first = post(streamOf("a", "b"));
  const { body } = first;
  const second = new Request(first);
  same(first.bodyUsed, true);
  same(first.body, body);
  ok(body.locked);
  same(await second.text(), "ab");

  const third = post("text");
  const looked = third.body;
  const fourth = new Request(third);
  same(third.body, looked);
  same(third.bodyUsed, true);
  same(await fourth.text(), "text");
}

export async function cancelling_a_taken_body_cancels_its_source() {
  let reason;
  const first = post(new ReadableStream({ cancel: (why) => (reason = why) }));
  const second = new Request(first);
  await second.body.cancel("enough");
  same(reason, "enough");
}

export async function other_requests_as_init_share_the_body() {
  const first = post("x");
  const second = new Request("http://y.test/", first);
  same(first.bodyUsed, false);
  same(second.method, "POST");
  same(await second.text(), "x");
  same(first.bodyUsed, true);
}

export async function blobs_forms_and_parameters_are_bodies() {
  const blob = new Response(new Blob(["x"], { type: "A/b" }));
  same(blob.headers.get("content-type"), "a/b");
  const bytes = await blob.bytes();
  bytes[0] = 0;
  const parameters = new Response(new URLSearchParams("a=b c"));
  same(parameters.headers.get("content-type"), "application/x-www-form-urlencoded;charset=UTF-8");
  same(await parameters.text(), "a=b+c");
  ok(new Response(new FormData()).headers.get("content-type").startsWith("multipart/form-data; boundary="));
}

export async function simple_bodies_go_to_the_host_as_they_are() {
  same(bodyForHost(new Response("x")), "x");
  same(bodyForHost(new Response("a\ud800")), "a\ufffd");
  same(bodyForHost(new Response(null)), undefined);
  equal(bodyForHost(new Response(encode("x"))), encode("x"));
  const response = new Response("x");
  ok(response.body);
  same(bodyForHost(new Response(response.body, response)), "x");
  same(response.bodyUsed, true);
  throws(() => bodyForHost(response), TypeError);
  const used = new Response("x");
  bodyForHost(used);
  same(used.bodyUsed, true);
  throws(() => bodyForHost(used), TypeError);
}

export async function streams_are_pumped_to_the_host() {
  const handle = bodyForHost(new Response(streamOf("a", new Uint8Array(300_000), "b")));
  same(typeof handle, "number");
  same((await body_read_all(handle)).byteLength, 300_002);
  const { readable, writable } = new FixedLengthStream(3);
  const fixed = bodyForHost(new Response(readable));
  writable.getWriter().write(encode("abc"));
  equal(await body_read_all(fixed), encode("abc"));
}

export async function a_stream_that_fails_fails_its_reader_on_the_host() {
  const failing = new ReadableStream({ pull: (controller) => controller.error(new Error("mine")) });
  same((await rejects(body_read_all(bodyForHost(new Response(failing))), Error)).message, "mine");
  let reason;
  const numbers = new ReadableStream({
    start: (controller) => controller.enqueue(1),
    cancel: (why) => (reason = why),
  });
  await rejects(body_read_all(bodyForHost(new Response(numbers))), TypeError);
  same(reason.name, "TypeError");
}

export async function texts_leave_as_their_bytes() {
  const texts = ReadableStream.from(["é", "", encode("b"), "\ud800"]);
  equal(await body_read_all(bodyForHost(new Response(texts))), encode("éb\ufffd"));
  equal(await body_read_all(bodyForHost(post(ReadableStream.from(["up"])))), encode("up"));
}

export async function encoded_responses_are_decoded_when_read() {
  const { responseFromHost } = await import("holdfast:fetch/response.js");
  const outgoing = new Response("hello", { headers: { "content-encoding": "gzip" } });
  same(await outgoing.clone().text(), "hello");
  const encoded = bodyForHost(outgoing);
  same(encoded[0], 0x1f);
  const long = new Response("long".repeat(100_000), { headers: { "content-encoding": "br" } });
  const other = responseFromHost(200, "", "content-encoding\nbr\n", bodyForHost(long));
  same((await other.text()).length, 400_000);
  const raw = "content-encoding\ngzip\n";
  same(await responseFromHost(200, "", raw, encoded).text(), "hello");
  const stream = responseFromHost(200, "", raw, encoded).body;
  same(await new Response(stream).text(), "hello");
  equal(bodyForHost(responseFromHost(200, "", raw, encoded)), encoded);
  const again = new Response(responseFromHost(200, "", raw, encoded).body, { headers: { "content-encoding": "gzip" } });
  equal(await body_read_all(bodyForHost(again)), encoded);
  const plain = new Response(responseFromHost(200, "", raw, encoded).body);
  equal(await body_read_all(bodyForHost(plain)), encode("hello"));
  const manual = new Response(encoded, { encodeBody: "manual", headers: { "content-encoding": "gzip" } });
  equal(bodyForHost(manual), encoded);
}

export async function a_body_that_nobody_can_reach_is_dropped_on_the_host() {
  const handle = body_open(-1);
  let request = requestFromHost("POST", "http://x.test/", "", handle);
  await null;
  ok(body_write(handle, encode("a")), request.url);
  request = null;
  await null;
  throws(() => body_write(handle, encode("b")), Error);
}

export async function a_body_on_its_way_keeps_its_event_alive() {
  const context = requireContext();
  const waited = [];
  context.waitUntil = (promise) => waited.push(promise);
  const handle = bodyForHost(new Response(streamOf("a")));
  delete context.waitUntil;
  same(waited.length, 1);
  equal(await body_read_all(handle), encode("a"));
  same(await waited[0], undefined);
}

export async function a_stream_is_cancelled_when_its_reader_on_the_host_leaves() {
  let cancelled;
  const told = new Promise((resolve) => (cancelled = resolve));
  const handle = bodyForHost(new Response(new ReadableStream({ cancel: cancelled })));
  body_cancel(handle);
  same(await told, undefined);
}

export async function a_stream_runs_no_further_ahead_than_its_reader() {
  let made = 0;
  const endless = new ReadableStream({
    pull(controller) {
      made++;
      controller.enqueue(new Uint8Array(100_000));
    },
  });
  const handle = bodyForHost(new Response(endless));
  let chunk = await body_read(handle);
  ok(chunk.length >= 100_000);
  chunk = await body_read(handle);
  ok(made < 12, `${made} chunks were made`);
  body_cancel(handle);
}
