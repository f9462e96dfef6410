import module from "./crc32.wasm";

const { crc32, memory } = new WebAssembly.Instance(module).exports;
const bytes = new Uint8Array(memory.buffer); // the module's own memory, without a copy

export default {
  async fetch(request) {
    if (request.body === null) return new Response("PUT or POST something.\n", { status: 400 });
    let checksum = 0;
    for await (const chunk of request.body) {
      for (let start = 0; start < chunk.length; start += bytes.length) {
        const piece = chunk.subarray(start, start + bytes.length);
        bytes.set(piece);
        checksum = crc32(checksum, piece.length);
      }
    }
    return new Response(`${(checksum >>> 0).toString(16).padStart(8, "0")}\n`);
  },
};
