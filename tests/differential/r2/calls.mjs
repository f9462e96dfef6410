// What R2 gives, sent by RPC. Each case has keys of its own.

import { each, read } from "./told.mjs";

export const cases = {
  async calls(b, ctx) {
    const options = { httpMetadata: { contentType: "a/b" }, customMetadata: { k: "v" } };
    await b.put("calls", "sent", options);
    const files = ctx.exports.Files;
    const written = (object) => {
      const headers = new Headers();
      object.writeHttpMetadata(headers);
      return [object.constructor.name, object, headers];
    };
    return each({
      head: async () => written(await files.call("head", "calls")),
      get: async () => written(await files.call("get", "calls")),
      body: async () => read(await files.call("get", "calls")),
      range: async () => read(await files.call("get", "calls", { range: { offset: 1, length: 2 } })),
      none: () => files.call("get", "calls/none"),
      unmet: async () => written(await files.call("get", "calls", { onlyIf: { etagMatches: "x" } })),
      put: () => files.call("put", "calls/put", "v"),
      list: () => files.call("list", { prefix: "calls" }),
      checksums: async () => {
        const { checksums } = await files.call("head", "calls");
        return [checksums.constructor.name, await files.give(checksums)];
      },
      give: async () => files.give(await b.get("calls")),
      giveHead: async () => files.give(await b.head("calls")),
      giveUsed: async () => {
        const object = await b.get("calls");
        await object.text();
        return files.give(object);
      },
      upload: () => files.call("createMultipartUpload", "calls/upload"),
      bucket: () => files.bucket(),
      giveBucket: () => files.give(b),
      large: async () => {
        await b.put("calls/large", "x".repeat(300_000));
        return (await (await files.call("get", "calls/large")).text()).length;
      },
    });
  },
};
