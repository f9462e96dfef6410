import { equal, ok, rejects, same, throws } from "./assert.js";
import { CompressionStream, DecompressionStream } from "holdfast:streams/compression.js";

const FORMATS = ["gzip", "deflate", "deflate-raw", "brotli"];
const TEXT = new TextEncoder().encode("to be or not to be, ".repeat(100));

async function through(stream, ...chunks) {
  const writer = stream.writable.getWriter();
  const writing = (async () => {
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  })();
  writing.catch(() => {});
  const pieces = [];
  for await (const piece of stream.readable) {
    ok(piece instanceof Uint8Array && piece.byteLength > 0);
    pieces.push(piece);
  }
  await writing;
  return new Blob(pieces).bytes();
}

const compressed = (format, ...chunks) => through(new CompressionStream(format), ...chunks);
const decompressed = (format, ...chunks) => through(new DecompressionStream(format), ...chunks);
const halves = (bytes, at) => [bytes.subarray(0, at), new Uint8Array(0), bytes.subarray(at)];

export async function what_was_compressed_comes_back_wherever_it_is_cut() {
  for (const format of FORMATS) {
    const packed = await compressed(format, ...halves(TEXT, 77));
    ok(packed.byteLength < 200, format);
    for (let at = 0; at <= packed.byteLength; at++) {
      equal(await decompressed(format, ...halves(packed, at)), TEXT, `${format} ${at}`);
    }
  }
}

export async function nothing_compressed_is_nothing() {
  for (const format of FORMATS) {
    const packed = await compressed(format);
    same((await decompressed(format, packed)).byteLength, 0, format);
  }
}

export async function every_kind_of_buffer_is_a_chunk() {
  const { buffer } = TEXT.slice();
  const views = [buffer, new DataView(buffer), new Uint16Array(buffer), new Float64Array(buffer)];
  for (const view of views) {
    equal(await decompressed("gzip", await compressed("gzip", view)), TEXT);
  }
}

export async function other_chunks_end_both_sides_with_a_TypeError() {
  for (const chunk of [undefined, null, 3, "text", {}, [], new SharedArrayBuffer(3)]) {
    for (const stream of [new CompressionStream("gzip"), new DecompressionStream("gzip")]) {
      const reading = stream.readable.getReader().read();
      const writing = stream.writable.getWriter().write(chunk);
      await rejects(reading, TypeError);
      await rejects(writing, TypeError);
    }
  }
}

export async function what_is_behind_the_end_or_missing_or_corrupt_is_a_TypeError() {
  for (const format of FORMATS) {
    const packed = await compressed(format, TEXT);
    await rejects(decompressed(format, packed, new Uint8Array([0])), TypeError, format);
    await rejects(decompressed(format, packed, packed), TypeError, format);
    await rejects(decompressed(format, await new Blob([packed, "x"]).bytes()), TypeError, format);
    await rejects(decompressed(format, packed.subarray(0, -1)), TypeError, format);
    await rejects(decompressed(format), TypeError, format);
    await rejects(decompressed(format, new Uint8Array(20).fill(255)), TypeError, format);
  }
}

export async function what_came_before_the_junk_is_given_out_first() {
  const packed = await compressed("gzip", TEXT);
  const stream = new DecompressionStream("gzip");
  const reader = stream.readable.getReader();
  const writing = stream.writable.getWriter().write(await new Blob([packed, "x"]).bytes());
  equal((await reader.read()).value, TEXT);
  await rejects(reader.read(), TypeError);
  await rejects(writing, TypeError);
}

export async function much_data_goes_through_a_thread() {
  const large = new Uint8Array(1_000_000);
  for (let i = 0; i < large.length; i += 3) large[i] = i * i;
  for (const format of FORMATS) {
    equal(await decompressed(format, await compressed(format, large)), large, format);
  }
}

export async function a_writer_may_be_done_before_anybody_reads() {
  for (const format of FORMATS) {
    const { readable, writable } = new CompressionStream(format);
    const writer = writable.getWriter();
    for (let i = 0; i < 5; i++) await writer.write(TEXT);
    await writer.close();
    const text = await new Response(readable.pipeThrough(new DecompressionStream(format))).bytes();
    same(text.byteLength, 5 * TEXT.byteLength, format);
  }
}

export async function little_text_is_given_out_as_it_is_decompressed() {
  const packed = await compressed("gzip", new TextEncoder().encode("hi"));
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  writer.write(packed.subarray(0, -1)).catch(() => {});
  const reader = stream.readable.getReader();
  same(new TextDecoder().decode((await reader.read()).value), "hi");
  await reader.cancel();
}

export async function a_reader_holds_up_what_swells() {
  const zeros = new Uint8Array(20_000_000);
  for (const format of FORMATS) {
    const packed = await compressed(format, zeros);
    const stream = new DecompressionStream(format);
    const writer = stream.writable.getWriter();
    let written = false;
    const writing = writer.write(packed).then(() => (written = true));
    const reader = stream.readable.getReader();
    const { value } = await reader.read();
    ok(value.byteLength <= 600_000, `${format}: ${value.byteLength}`);
    ok(!written, format);
    writing.catch(() => {});
    await reader.cancel({ name: "left" });
    await rejects(writer.closed, "left", format);
  }
}

export async function an_abort_while_the_reader_holds_up_ends_both_sides() {
  const packed = await compressed("gzip", new Uint8Array(20_000_000));
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  const writing = writer.write(packed);
  writing.catch(() => {});
  const reader = stream.readable.getReader();
  await reader.read();
  const aborting = writer.abort(new RangeError("enough"));
  await reader.read().catch(() => {});
  await rejects(reader.closed, RangeError);
  await rejects(aborting, RangeError);
}

export function formats_are_checked() {
  for (const Class of [CompressionStream, DecompressionStream]) {
    throws(() => new Class(), TypeError);
    throws(() => new Class("zip"), TypeError);
    throws(() => new Class("GZIP"), TypeError);
    same(new Class({ toString: () => "gzip" }).readable instanceof ReadableStream, true);
    same(Class.length, 1);
    throws(() => structuredClone(new Class("gzip")), "DataCloneError");
  }
}

export async function a_stream_of_which_only_the_sides_are_kept_lives_on() {
  const packed = new Blob([TEXT]).stream().pipeThrough(new CompressionStream("gzip"));
  const unpacked = packed.pipeThrough(new DecompressionStream("gzip"));
  equal(await new Response(unpacked).bytes(), TEXT);
}
