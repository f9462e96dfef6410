import { equal, rejects, same, throws } from "./assert.js";
import { TextDecoderStream, TextEncoderStream } from "holdfast:encoding/streams.js";

async function through(stream, chunks) {
  const reader = stream.readable.getReader();
  const written = write(stream.writable.getWriter(), chunks);
  const results = [];
  for (let result; !(result = await reader.read()).done; ) results.push(result.value);
  await written;
  return results;
}

async function write(writer, chunks) {
  try {
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  } catch {
    // The reader is told of the error.
  }
}

const encode = async (...chunks) =>
  (await through(new TextEncoderStream(), chunks)).map((bytes) => bytes.toHex());
const decode = (stream, ...chunks) => through(stream, chunks.map((chunk) => Uint8Array.fromHex(chunk)));

export async function strings_become_bytes_chunk_by_chunk() {
  equal(await encode("a", "", "é"), ["61", "c3a9"]);
  equal(await encode(1, null), ["31", "6e756c6c"]);
}

export async function surrogate_pairs_are_mended_across_chunks() {
  equal(await encode("a\ud83d", "\ude00b"), ["61", "f09f988062"]);
  equal(await encode("\ud83d", "", "\ude00"), ["f09f9880"]);
  equal(await encode("\ud83d", "a"), ["efbfbd61"]);
  equal(await encode("\ud83d"), ["efbfbd"]);
  equal(await encode("\ud83d", "\ud83d\ude00"), ["efbfbdf09f9880"]);
}

export async function bytes_become_strings_chunk_by_chunk() {
  equal(await decode(new TextDecoderStream(), "efbbbf61c3", "", "a9"), ["a", "é"]);
  equal(await decode(new TextDecoderStream(), "e2"), ["\ufffd"]);
  equal(await decode(new TextDecoderStream("shift_jis"), "93", "fa"), ["日"]);
  equal(await decode(new TextDecoderStream("utf-8", { ignoreBOM: true }), "efbbbf"), ["\ufeff"]);
}

export async function malformed_bytes_error_a_fatal_stream() {
  await rejects(decode(new TextDecoderStream("utf-8", { fatal: true }), "ff"), TypeError);
  await rejects(decode(new TextDecoderStream("utf-8", { fatal: true }), "e2"), TypeError);
}

export async function chunks_of_the_wrong_type_error_the_stream() {
  await rejects(through(new TextDecoderStream(), ["text"]), TypeError);
  await rejects(through(new TextEncoderStream(), [Symbol()]), TypeError);
}

export function the_attributes_are_those_of_the_coders() {
  const decoder = new TextDecoderStream("latin1", { fatal: true });
  equal([decoder.encoding, decoder.fatal, decoder.ignoreBOM], ["windows-1252", true, false]);
  same(new TextEncoderStream().encoding, "utf-8");
  same(new TextEncoderStream().readable.locked, false);
  throws(() => new TextDecoderStream("nonsense"), RangeError);
  throws(() => TextEncoderStream.prototype.encoding, TypeError);
  throws(() => TextDecoderStream.prototype.readable, TypeError);
  same(Object.prototype.toString.call(decoder), "[object TextDecoderStream]");
}
