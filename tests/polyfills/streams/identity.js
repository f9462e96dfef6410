import { equal, ok, rejects, same, throws } from "./assert.js";
import { FixedLengthStream, IdentityTransformStream } from "holdfast:streams/identity.js";
import { TransformStream } from "holdfast:streams/transform.js";
import { knownLength } from "holdfast:streams/host-stream.js";

const bytes = (...values) => new Uint8Array(values);

export async function a_write_is_done_once_its_bytes_were_read() {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  let isDone = false;
  const written = writer.write(bytes(1, 2, 3)).then(() => (isDone = true));
  for (let i = 0; i < 20; i++) await undefined;
  ok(!isDone);
  const reader = readable.getReader();
  equal(await reader.read(), { value: bytes(1, 2, 3), done: false });
  await written;
  ok(isDone);
}

export async function a_byob_reader_takes_a_write_in_parts() {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  let isDone = false;
  const written = writer.write(bytes(1, 2, 3)).then(() => (isDone = true));
  const reader = readable.getReader({ mode: "byob" });
  equal((await reader.read(new Uint8Array(2))).value, bytes(1, 2));
  ok(!isDone);
  equal((await reader.read(new Uint8Array(2))).value, bytes(3));
  await written;
  const end = reader.read(new Uint8Array(2));
  await writer.close();
  equal(await end, { value: bytes(), done: true });
}

export async function the_writers_buffer_stays_its_own() {
  const { readable, writable } = new IdentityTransformStream();
  const chunk = bytes(1, 2);
  const written = writable.getWriter().write(chunk);
  const { value } = await readable.getReader().read();
  await written;
  value[0] = 9;
  equal(chunk, bytes(1, 2));
}

export async function strings_go_as_utf8_and_nothing_else_that_is_not_bytes() {
  const { readable, writable } = new IdentityTransformStream();
  writable.getWriter().write("\u00e9\ud800");
  equal((await readable.getReader().read()).value, bytes(0xc3, 0xa9, 0xef, 0xbf, 0xbd));
  const { readable: failed, writable: other } = new IdentityTransformStream();
  const error = await rejects(other.getWriter().write({}), TypeError);
  same(await rejects(failed.getReader().read(), TypeError), error);
}

export async function an_abort_does_not_wait_for_a_reader() {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const written = writer.write(bytes(1));
  for (let i = 0; i < 5; i++) await undefined;
  const reason = new Error("enough");
  await writer.abort(reason);
  same(await rejects(written, "Error"), reason);
  same(await rejects(readable.getReader().read(), "Error"), reason);
}

export async function canceling_the_readable_side_fails_the_write_under_way() {
  const { readable, writable } = new IdentityTransformStream();
  const written = writable.getWriter().write(bytes(1));
  for (let i = 0; i < 5; i++) await undefined;
  const reason = new Error("not wanted");
  await readable.cancel(reason);
  same(await rejects(written, "Error"), reason);
}

export async function a_fixed_length_stream_takes_exactly_its_length() {
  const { readable, writable } = new FixedLengthStream(3n);
  same(knownLength(readable), 3);
  const writer = writable.getWriter();
  const reader = readable.getReader();
  writer.write(bytes(1, 2));
  writer.write(bytes(3));
  const closed = writer.close();
  same((await reader.read()).value.byteLength, 2);
  same((await reader.read()).value.byteLength, 1);
  ok((await reader.read()).done);
  await closed;
}

export async function too_many_and_too_few_bytes_error_both_sides() {
  const long = new FixedLengthStream(1);
  const tooMany = await rejects(long.writable.getWriter().write(bytes(1, 2)), TypeError);
  same(tooMany.message, "Attempt to write too many bytes through a FixedLengthStream.");
  same(await rejects(long.readable.getReader().read(), TypeError), tooMany);

  const short = new FixedLengthStream(2);
  const tooFew = await rejects(short.writable.close(), TypeError);
  same(tooFew.message, "FixedLengthStream did not see all expected bytes before close().");
  same(await rejects(short.readable.getReader().read(), TypeError), tooFew);
}

export function the_channels_are_transform_streams() {
  const stream = new FixedLengthStream(0);
  ok(stream instanceof IdentityTransformStream);
  ok(stream instanceof TransformStream);
  same(String(stream), "[object FixedLengthStream]");
  same(new IdentityTransformStream({ highWaterMark: 7 }).writable.getWriter().desiredSize, 7);
  ok(new FixedLengthStream(1.5));
  for (const length of [-1, -0.5, NaN, 2 ** 53, "x"]) {
    throws(() => new FixedLengthStream(length), TypeError);
  }
  throws(() => new FixedLengthStream(), TypeError);
}

export async function a_text_counts_as_the_bytes_that_it_becomes() {
  const { readable, writable } = new IdentityTransformStream({ highWaterMark: 10 });
  const writer = writable.getWriter();
  const writing = writer.write("héllo");
  same(writer.desiredSize, 4);
  same((await readable.getReader().read()).value.byteLength, 6);
  await writing;
  await rejects(writer.write({ byteLength: 1 }), TypeError);
}
