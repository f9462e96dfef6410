// What `benchmarks/platform_micro.py` times inside an isolate: `run(name, count)` does one of
// the operations `count` times. URLs differ from call to call, as one that was just parsed is
// remembered.

const MEGABYTE = 1_000_000;
const LINE = "Grüße, 世界! — the quick brown fox jumps over the lazy dog. 🦊 ";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const mixedBytes = encoder.encode(LINE.repeat(MEGABYTE / LINE.length)).slice(0, MEGABYTE);
const mixed = decoder.decode(mixedBytes);
const ascii = "a".repeat(MEGABYTE);
const asciiBytes = encoder.encode(ascii);
const members = { a: 1, b: "2", c: [3], d: null, e: true, f: {}, g: 7, h: "8", i: 9, j: 10 };

const operations = {
  canonicalUrl: (i) => new URL(`https://example.com/path/${i}?query=1#part`),
  urlToParse: (i) => new URL(`https://User@EXAMPLE.com:8080/a/../${i} c?d=é`),
  relativeUrl: (i) => new URL(`../${i}?y#z`, "https://example.com/a/b/c"),
  searchParams: () => new URLSearchParams("a=1&b=two&c=%20"),
  response: () => new Response("text"),
  headers: () => new Headers(),
  headersOf2: () => new Headers({ "content-type": "text/plain", "x-a": "b" }),
  request: (i) => new Request(`https://example.com/path/${i}`),
  requestWithInit: (i) =>
    new Request(`https://example.com/${i}`, { method: "POST", body: "x", headers: { a: "b" } }),
  structuredClone: () => structuredClone(members),
  encodeMixed: () => encoder.encode(mixed),
  decodeMixed: () => decoder.decode(mixedBytes),
  encodeAscii: () => encoder.encode(ascii),
  decodeAscii: () => decoder.decode(asciiBytes),
};

export function run(name, count) {
  const operation = operations[name];
  for (let i = 0; i < count; i++) operation(i);
}
