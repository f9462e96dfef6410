// Objects that come in parts. Each case has keys of its own.

import { each, read, shown, stream, tried, unknown } from "./told.mjs";

const FIVE_MIB = 5 * 1024 * 1024;

export const cases = {
  async multipart(b) {
    const begin = (key = "multipart", options) => b.createMultipartUpload(key, options);
    const five = new Uint8Array(FIVE_MIB).fill(1);
    return each({
      whole: async () => {
        const upload = await begin("multipart", {
          httpMetadata: { contentType: "a/b" },
          customMetadata: { k: "v" },
        });
        const first = await upload.uploadPart(1, five);
        const last = await upload.uploadPart(2, "last");
        const object = await upload.complete([first, last]);
        const got = await b.get("multipart");
        const bytes = await got.bytes();
        return [
          [upload.key, typeof upload.uploadId, Object.keys(first), first.partNumber, typeof first.etag],
          object,
          shown(got),
          [bytes.length, bytes[FIVE_MIB - 1], bytes[FIVE_MIB]],
          await read(await b.get("multipart", { range: { suffix: 6 } })),
          await read(await b.get("multipart", { range: { offset: FIVE_MIB } })),
          await read(await b.get("multipart", { range: { offset: FIVE_MIB - 1, length: 3 } })),
          await read(await b.get("multipart", { range: new Headers({ range: "bytes=0-1" }) })),
        ];
      },
      resumed: async () => {
        const { key, uploadId } = await begin("multipart/resumed");
        const upload = b.resumeMultipartUpload(key, uploadId);
        const part = await upload.uploadPart(1, stream("resumed"));
        await b.resumeMultipartUpload(key, uploadId).complete([part]);
        return (await b.get("multipart/resumed")).text();
      },
      unordered: async () => {
        const upload = await begin("multipart/unordered");
        const last = await upload.uploadPart(10, "last");
        const first = await upload.uploadPart(3, five);
        return upload.complete([first, last]);
      },
      "unordered complete": async () => {
        const upload = await begin();
        const last = await upload.uploadPart(10, "last");
        const first = await upload.uploadPart(3, five);
        return upload.complete([last, first]);
      },
      small: async () => {
        const upload = await begin();
        return upload.complete([await upload.uploadPart(1, "a"), await upload.uploadPart(2, "b")]);
      },
      "other sizes": async () => {
        const upload = await begin();
        const parts = [];
        for (const size of [0, 1, 0]) {
          parts.push(await upload.uploadPart(parts.length + 1, new Uint8Array(FIVE_MIB + size)));
        }
        return upload.complete(parts);
      },
      "larger last": async () => {
        const upload = await begin();
        const first = await upload.uploadPart(1, five);
        return upload.complete([first, await upload.uploadPart(2, new Uint8Array(FIVE_MIB + 1))]);
      },
      nothing: async () => (await begin("multipart/nothing")).complete([]),
      "empty part": async () => {
        const upload = await begin("multipart/empty");
        await upload.complete([await upload.uploadPart(1, "")]);
        return read(await b.get("multipart/empty"));
      },
      "wrong etag": async () => {
        const upload = await begin();
        await upload.uploadPart(1, "v");
        return upload.complete([{ partNumber: 1, etag: "wrong" }]);
      },
      "missing part": async () => (await begin()).complete([{ partNumber: 1, etag: "e" }]),
      "a part far out": async () => (await begin()).uploadPart(2 ** 32 + 1, "v"),
      "a missing part far out": async () => (await begin()).complete([{ partNumber: -(2 ** 32) + 1, etag: "e" }]),
      "a part of any number": async () => (await begin()).uploadPart(Infinity, "v"),
      "a limit far out": () => b.list({ limit: 2 ** 32 + 1 }),
      twice: async () => {
        const upload = await begin();
        const part = await upload.uploadPart(1, "v");
        return upload.complete([part, part]);
      },
      replaced: async () => {
        const upload = await begin("multipart/replaced");
        const old = await upload.uploadPart(1, "old");
        const part = await upload.uploadPart(1, "new");
        const refused = await tried(() => upload.complete([old]));
        await upload.complete([part]);
        return [refused, await (await b.get("multipart/replaced")).text()];
      },
      ended: async () => {
        const upload = await begin("multipart/ended");
        await upload.complete([await upload.uploadPart(1, "v")]);
        return [
          await tried(() => upload.uploadPart(2, "v")),
          await tried(() => upload.complete([])),
          await tried(() => upload.abort()),
          await tried(() => upload.abort()),
          await (await b.get("multipart/ended")).text(),
        ];
      },
      aborted: async () => {
        const upload = await begin("multipart/aborted");
        const part = await upload.uploadPart(1, "v");
        return [
          await tried(() => upload.abort()),
          await tried(() => upload.uploadPart(2, "v")),
          await tried(() => upload.complete([part])),
          await tried(() => upload.abort()),
          await b.get("multipart/aborted"),
        ];
      },
      unknown: async () => {
        const upload = b.resumeMultipartUpload("multipart", "unknown");
        return [
          shown(upload),
          await tried(() => upload.uploadPart(1, "v")),
          await tried(() => upload.complete([])),
          await tried(() => upload.abort()),
        ];
      },
      "other key": async () => {
        const { uploadId } = await begin("multipart/one");
        return b.resumeMultipartUpload("multipart/other", uploadId).uploadPart(1, "v");
      },
      numbers: async () => {
        const upload = await begin();
        const told = [];
        for (const number of [0, 10001, -1, 1.5, "2", NaN, null, undefined]) {
          told.push(await tried(async () => (await upload.uploadPart(number, "v")).partNumber));
        }
        return told;
      },
      values: async () => {
        const upload = await begin();
        const told = [];
        for (const value of [null, undefined, 1, {}, unknown(), new Blob(["b"]), new ArrayBuffer(1)]) {
          told.push(await tried(async () => (await upload.uploadPart(1, value)).partNumber));
        }
        return told;
      },
      parts: async () => {
        const upload = await begin();
        return [
          await tried(() => upload.complete()),
          await tried(() => upload.complete("text")),
          await tried(() => upload.complete([{}])),
          await tried(() => upload.complete([{ partNumber: 1 }])),
          await tried(() => upload.complete([{ partNumber: 0, etag: "e" }])),
          await tried(() => upload.complete([{ partNumber: "1", etag: 1 }])),
        ];
      },
      "key too long": () => begin("k".repeat(1025)),
      "no key": () => b.createMultipartUpload(),
      "resume nothing": async () => b.resumeMultipartUpload("k"),
      unlisted: async () => {
        await begin("multipart/unlisted");
        return (await b.list({ prefix: "multipart/unlisted" })).objects.length;
      },
      overwritten: async () => {
        await b.put("multipart", "over");
        await b.delete("multipart/unordered");
        return [await (await b.get("multipart")).text(), await b.get("multipart/unordered")];
      },
    });
  },
};
