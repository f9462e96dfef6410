import { equal, same } from "./assert.js";
import { ReadableStream } from "holdfast:streams/readable.js";
import { WritableStream } from "holdfast:streams/writable.js";
import { TransformStream } from "holdfast:streams/transform.js";

export async function a_chunk_goes_through_a_pipe_of_all_three_kinds() {
  const seen = [];
  const double = new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk * 2);
    },
  });
  await ReadableStream.from([1, 2, 3])
    .pipeThrough(double)
    .pipeTo(new WritableStream({ write: (chunk) => void seen.push(chunk) }));
  equal(seen, [2, 4, 6]);
}

export async function bytes() {
  const rs = new ReadableStream({
    type: "bytes",
    pull(c) {
      const r = c.byobRequest;
      if (r) { r.view[0] = 9; r.respond(1); } else c.enqueue(new Uint8Array([1, 2, 3]));
    },
  });
  const [a, b] = rs.tee();
  const ra = a.getReader({ mode: "byob" });
  const rb = b.getReader();
  equal([...(await ra.read(new Uint8Array(4))).value], [9]);
  equal([...(await rb.read()).value], [9]);
}
