// How objects are read and listed. Each case has keys of its own.

import { each, read } from "./told.mjs";

export const cases = {
  async reading(b) {
    await b.put("reading", '{"a":[1]}', { httpMetadata: { contentType: "application/json" } });
    const got = () => b.get("reading");
    return each({
      text: async () => (await got()).text(),
      json: async () => (await got()).json(),
      bytes: async () => (await got()).bytes(),
      arrayBuffer: async () => (await got()).arrayBuffer(),
      body: async () => {
        const object = await got();
        const chunks = [];
        for await (const chunk of object.body) chunks.push(new TextDecoder().decode(chunk));
        return [chunks.join(""), object.bodyUsed];
      },
      response: async () => {
        const object = await got();
        const response = new Response(object.body);
        return [await response.text(), object.bodyUsed];
      },
      same: async () => {
        const object = await got();
        return object.body === object.body;
      },
      noForm: async () => (await got()).formData,
      notJson: async () => {
        await b.put("reading/text", "{");
        const error = await (await b.get("reading/text")).json().catch((e) => e);
        return error.constructor.name;
      },
      bytesOfText: async () => {
        await b.put("reading/bytes", new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff]));
        return (await b.get("reading/bytes")).text();
      },
      missing: async () => [await b.get("reading/none"), await b.head("reading/none")],
      copy: async () => {
        await b.put("reading/copy", (await got()).body);
        return (await b.get("reading/copy")).text();
      },
      tee: async () => {
        const [one, other] = (await got()).body.tee();
        return [await new Response(one).text(), await new Response(other).text()];
      },
      byob: async () => {
        const reader = (await got()).body.getReader({ mode: "byob" });
        const { value } = await reader.read(new Uint8Array(3));
        return value.byteLength;
      },
    });
  },

  async ranges(b) {
    await b.put("ranges", "0123456789");
    await b.put("ranges/empty", "");
    const actions = {};
    const of = (key, range) => async () => read(await b.get(key, { range }));
    for (const range of [
      {}, { offset: 0 }, { offset: 3 }, { offset: 9 }, { offset: 10 }, { offset: 11 },
      { length: 3 }, { length: 0 }, { length: 10 }, { length: 11 },
      { offset: 3, length: 2 }, { offset: 8, length: 5 }, { offset: 10, length: 1 },
      { suffix: 1 }, { suffix: 10 }, { suffix: 11 }, { suffix: 0 },
      { suffix: 1, offset: 1 }, { suffix: 1, length: 1 }, { suffix: -1 }, { suffix: 1.5 },
      { offset: -1 }, { offset: 1.5 }, { length: -1 }, { length: 1.5 }, { offset: "2" },
      { offset: NaN }, { offset: Infinity }, { length: NaN }, { offset: null }, { length: undefined },
      { offset: 2 ** 53 }, { offset: 1e300 },
    ]) {
      const name = Object.entries(range).map(([k, v]) => `${k} ${v}`).join(" ");
      actions[`{${name}}`] = of("ranges", range);
      actions[`{${name}} empty`] = of("ranges/empty", range);
    }
    for (const header of [
      "bytes=0-", "bytes=3-5", "bytes=9-9", "bytes=10-", "bytes=5-3", "bytes=-1", "bytes=-10", "bytes=-11",
      "bytes=-0", "bytes=0-100", "bytes=", "bytes", "bytes=-", "bytes=a-b", "items=0-1", "BYTES = 1 - 2 ",
      "bytes=0-1,3-4", "bytes=0-1,", "bytes=1-2-3", "bytes=0x1-2", " bytes=1-2",
    ]) {
      actions[header] = of("ranges", new Headers({ range: header }));
      actions[`${header} empty`] = of("ranges/empty", new Headers({ range: header }));
    }
    actions["no header"] = of("ranges", new Headers());
    actions["a text"] = of("ranges", "bytes=0-1");
    actions["null"] = of("ranges", null);
    actions["missing"] = of("ranges/none", { offset: 100 });
    return each(actions);
  },

  async listing(b) {
    const keys = ["a", "a/1", "a/2", "a/b/1", "b", "c/1", "c/2", "c//3", "d", "é", "\uffff", "\u{1f600}"];
    for (const key of keys) await b.put(`list/${key}`, key);
    const told = ({ objects, truncated, cursor, delimitedPrefixes, ...rest }) => [
      objects.map((o) => o.key),
      truncated,
      typeof cursor,
      delimitedPrefixes,
      rest,
    ];
    const list = (options) => async () => told(await b.list(options));
    const paged = (options) => async () => {
      const pages = [];
      let cursor;
      do {
        const page = await b.list({ ...options, cursor });
        pages.push([page.objects.map((o) => o.key), page.delimitedPrefixes]);
        cursor = page.cursor;
      } while (cursor !== undefined && pages.length < 30);
      return pages;
    };
    return each({
      all: list({ prefix: "list/" }),
      delimiter: list({ prefix: "list/", delimiter: "/" }),
      deeper: list({ prefix: "list/a", delimiter: "/" }),
      deepest: list({ prefix: "list/a/", delimiter: "/" }),
      "long delimiter": list({ prefix: "list/", delimiter: "//" }),
      "empty delimiter": list({ prefix: "list/", delimiter: "" }),
      "letter delimiter": list({ prefix: "list/", delimiter: "b" }),
      none: list({ prefix: "list/none" }),
      one: list({ prefix: "list/", limit: 1 }),
      pages: paged({ prefix: "list/", limit: 5 }),
      "delimited pages": paged({ prefix: "list/", delimiter: "/", limit: 2 }),
      "single pages": paged({ prefix: "list/", delimiter: "/", limit: 1 }),
      exact: list({ prefix: "list/", limit: keys.length }),
      after: list({ prefix: "list/", startAfter: "list/b" }),
      "after in a group": list({ prefix: "list/", delimiter: "/", startAfter: "list/a/1" }),
      "after nothing": list({ prefix: "list/", startAfter: "list/bb" }),
      "after before": list({ prefix: "list/", startAfter: "a" }),
      zero: list({ limit: 0 }),
      many: list({ limit: 1001 }),
      most: async () => (await b.list({ limit: 1000 })).truncated,
      fraction: list({ prefix: "list/", limit: 1.9 }),
      "limit as text": list({ prefix: "list/", limit: "2" }),
      "limit NaN": list({ prefix: "list/", limit: NaN }),
      "limit null": list({ prefix: "list/", limit: null }),
      "prefix number": list({ prefix: 1 }),
      "delimiter number": list({ delimiter: 1 }),
      "strange include": list({ include: ["other"] }),
      "include text": list({ include: "httpMetadata" }),
      "no include": list({ prefix: "list/", limit: 1, include: [] }),
      "options text": list("list/"),
      null: async () => (await b.list(null)).truncated,
      object: async () => (await b.list({ prefix: "list/d" })).objects[0],
    });
  },
};
