import { equal, ok, rejects, same, throws } from "./assert.js";

const hex = (buffer) => new Uint8Array(buffer).toHex();
const text = new TextEncoder().encode("123456789");

async function digestOf(algorithm, ...chunks) {
  const stream = new crypto.DigestStream(algorithm);
  const writer = stream.getWriter();
  for (const chunk of chunks) writer.write(chunk);
  await writer.close();
  return hex(await stream.digest);
}

export async function chunks_make_one_digest() {
  const whole = await crypto.subtle.digest("SHA-256", text);
  same(await digestOf("SHA-256", text), hex(whole));
  same(await digestOf({ name: "sha-256" }, text.slice(0, 4), text.slice(4).buffer), hex(whole));
  same(await digestOf("SHA-256", "1234", "", "56789"), hex(whole));
  const large = new Uint8Array(200_000);
  same(await digestOf("SHA-1", large.slice(1), "\0"), hex(await crypto.subtle.digest("SHA-1", large)));
}

export async function checksums_are_there_too() {
  same(await digestOf("crc32", text), "cbf43926");
  same(await digestOf("crc32c", text), "e3069283");
  same(await digestOf({ name: "crc64nvme" }, text), "ae8b14860a799888");
}

export async function a_stream_counts_its_bytes_and_can_be_piped_to() {
  const stream = new crypto.DigestStream("MD5");
  ok(stream instanceof WritableStream);
  same(stream.bytesWritten, 0n);
  await new Response("abc").body.pipeTo(stream);
  same(stream.bytesWritten, 3n);
  same(hex(await stream.digest), "900150983cd24fb0d6963f7d28e17f72");
}

export async function an_error_is_that_of_the_digest() {
  const stream = new crypto.DigestStream("SHA-1");
  await stream.abort(new RangeError("enough"));
  await rejects(stream.digest, RangeError);
  const other = new crypto.DigestStream("SHA-1");
  await rejects(other.getWriter().write(1), "TypeError");
  throws(() => new crypto.DigestStream("SHA-3"), "NotSupportedError");
  throws(() => new crypto.DigestStream(), "TypeError");
  equal(Object.keys(crypto), []);
}
