// What becomes of what is put. Each case has keys of its own.

import { each, shown, stream, tried, unknown } from "./told.mjs";

export const cases = {
  async classes(b) {
    const put = await b.put("classes", "v");
    const got = await b.get("classes");
    const upload = await b.createMultipartUpload("classes/upload");
    const proto = (object) => {
      const names = [];
      for (const name of Reflect.ownKeys(Object.getPrototypeOf(object))) names.push(String(name));
      return names.filter((name) => !/internal|kResource/.test(name)).sort();
    };
    const told = {};
    for (const [name, one] of Object.entries({ b, put, got, upload, checksums: put.checksums })) {
      const keys = Object.keys(one);
      const first = keys[0] && Object.getOwnPropertyDescriptor(one, keys[0]);
      told[name] = [
        one.constructor.name,
        String(one),
        keys,
        first && [first.writable, first.enumerable, first.configurable, typeof first.get],
        Object.getPrototypeOf(Object.getPrototypeOf(one)).constructor.name,
      ];
      if (name !== "b") told[name].push(proto(one));
    }
    told.methods = Object.fromEntries(
      ["head", "get", "put", "delete", "list", "createMultipartUpload", "resumeMultipartUpload"].map(
        (name) => [name, shown(b[name])],
      ),
    );
    told.illegal = await tried(() => new b.constructor());
    told.clone = await tried(() => structuredClone(b));
    told.cloneObject = await tried(() => structuredClone(put));
    told.globals = [typeof R2Bucket, typeof R2Object, typeof globalThis.HeadResult];
    return told;
  },

  async whole(b) {
    const options = {
      httpMetadata: {
        contentType: "text/plain",
        contentLanguage: "de",
        contentDisposition: "inline",
        contentEncoding: "identity",
        cacheControl: "no-cache",
        cacheExpiry: new Date(86_400_000),
      },
      customMetadata: { a: "1", b: "ü" },
    };
    const put = await b.put("whole", "content", options);
    const got = await b.get("whole");
    const headers = new Headers({ "x-kept": "1", "content-type": "replaced" });
    got.writeHttpMetadata(headers);
    return {
      put: shown(put),
      head: shown(await b.head("whole")),
      got: shown(got),
      headers: shown(headers),
      json: JSON.parse(JSON.stringify({ ...got, version: 0, uploaded: 0, storageClass: 0 })),
      checksums: got.checksums.toJSON(),
      version: [typeof got.version, got.version === put.version, got.version.length],
      used: [got.bodyUsed, await got.text(), got.bodyUsed],
      again: await tried(() => got.text()),
      blob: await b.get("whole").then((o) => o.blob()).then((blob) => [blob.type, blob.size]),
      list: shown(await b.list({ prefix: "whole", include: ["httpMetadata", "customMetadata"] })),
      plain: shown(await b.list({ prefix: "whole" })),
    };
  },

  values: (b) => {
    const kept = (value) => async () => {
      const put = await b.put("values", value);
      const got = await b.get("values");
      return [put.size, put.etag, await got.arrayBuffer()];
    };
    return each({
      text: kept("héllo"),
      lone: kept("\ud800"),
      empty: kept(""),
      null: kept(null),
      undefined: kept(undefined),
      buffer: kept(new Uint8Array([0, 255]).buffer),
      view: kept(new DataView(new Uint8Array([1, 2, 3]).buffer, 1)),
      words: kept(new Uint16Array([1, 2])),
      blob: kept(new Blob(["blob"], { type: "image/png" })),
      stream: kept(stream("from a stream")),
      fixed: async () => {
        const { readable, writable } = new FixedLengthStream(5);
        const writer = writable.getWriter();
        const writing = writer.write(new TextEncoder().encode("fixed")).then(() => writer.close());
        const told = await kept(readable)();
        await writing;
        return told;
      },
      unknown: kept(unknown()),
      tee: async () => kept(stream("in two").tee()[1])(),
      clone: async () => kept(new Response("a clone").clone().body)(),
      cloned: async () => {
        const response = new Response("cloned");
        response.clone();
        return kept(response.body)();
      },
      teeOfObject: async () => {
        await b.put("values/tee", "an object");
        return kept((await b.get("values/tee")).body.tee()[0])();
      },
      cloneOfObject: async () => {
        const response = new Response((await b.get("values/tee")).body);
        return kept(response.clone().body)();
      },
      throughFixed: async () => {
        const { body } = new Response("through a channel");
        return kept(body.pipeThrough(new FixedLengthStream(17)))();
      },
      throughAny: async () => kept(stream("unknown").pipeThrough(new TransformStream()))(),
      partlyRead: async () => {
        const { body } = await b.get("values/tee");
        const reader = body.getReader({ mode: "byob" });
        await reader.read(new Uint8Array(3));
        reader.releaseLock();
        return kept(body)();
      },
      number: kept(1),
      object: kept({}),
      array: kept([1]),
      date: kept(new Date(0)),
      params: kept(new URLSearchParams("a=b")),
      used: async () => {
        const response = new Response("used");
        await response.text();
        return kept(response.body)();
      },
      response: kept(new Response("response")),
    });
  },

  async metadata(b) {
    const put = (options) => async () => {
      await b.put("metadata", "v", options);
      const head = await b.head("metadata");
      return [head.httpMetadata, head.customMetadata];
    };
    return each({
      none: put(undefined),
      null: put(null),
      empty: put({}),
      headers: put({
        httpMetadata: new Headers({
          "content-type": "text/html",
          "content-language": "en",
          "content-disposition": "attachment",
          "content-encoding": "gzip",
          "cache-control": "max-age=1",
          expires: "Fri, 02 Jan 1970 00:00:00 GMT",
          "x-other": "1",
        }),
      }),
      badExpires: put({ httpMetadata: new Headers({ expires: "never" }) }),
      numbers: put({ httpMetadata: { contentType: 1 }, customMetadata: { a: 1, b: true } }),
      unknownMembers: put({ httpMetadata: { other: "x" }, other: 1 }),
      emptyText: put({ httpMetadata: { contentType: "" }, customMetadata: { "": "" } }),
      nullMember: put({ httpMetadata: { contentType: null }, customMetadata: { a: null } }),
      undefinedMember: put({ httpMetadata: { contentType: undefined } }),
      text: put({ httpMetadata: "text" }),
      array: put({ customMetadata: ["a", "b"] }),
      customText: put({ customMetadata: "text" }),
      pairs: put({ httpMetadata: [["content-type", "a/b"]] }),
      expiryNumber: put({ httpMetadata: { cacheExpiry: 1000 } }),
      expiryText: put({ httpMetadata: { cacheExpiry: "1970-01-02" } }),
      fraction: put({ httpMetadata: { cacheExpiry: new Date(1.5) } }),
      tooLarge: put({ customMetadata: { a: "x".repeat(8192) } }),
      options: put("text"),
      write: async () => {
        await b.put("metadata", "v");
        return (await b.head("metadata")).writeHttpMetadata(new Map());
      },
      writeNothing: async () => (await b.head("metadata")).writeHttpMetadata(),
      order: async () => {
        await b.put("metadata", "v", { customMetadata: { z: "1", a: "2", 1: "3" } });
        return Object.keys((await b.head("metadata")).customMetadata);
      },
      unlisted: async () => {
        const { objects } = await b.list({ prefix: "metadata" });
        const headers = new Headers();
        objects[0].writeHttpMetadata(headers);
        return [objects[0].httpMetadata, headers];
      },
    });
  },

  async keys(b) {
    const kept = (key) => async () => {
      const put = await b.put(key, "v");
      const got = await b.get(key);
      return [put.key.length > 50 ? put.key.length : put.key, got && (await got.text())];
    };
    const told = await each({
      slash: kept("keys//a"),
      dots: kept("keys/../b"),
      unicode: kept("keys/ü\u{1f600}"),
      space: kept(" keys "),
      newline: kept("keys/\n"),
      nul: kept("keys/\0a"),
      number: kept(12),
      null: kept(null),
      object: kept({}),
      longest: kept("keys/".padEnd(1024, "k")),
      tooLong: kept("keys/".padEnd(1025, "k")),
      tooLongBytes: kept("keys/".padEnd(600, "ü")),
      headTooLong: () => b.head("k".repeat(1025)),
      deleteTooLong: () => b.delete("k".repeat(1025)),
      symbol: () => b.get(Symbol("s")),
      none: () => b.get(),
      putNone: () => b.put(),
      headNone: () => b.head(),
      deleteNone: () => b.delete(),
    });
    await b.delete(["12", "null", "[object Object]", " keys "]);
    return told;
  },

  async checksums(b) {
    const hex = (bytes) => [...new Uint8Array(bytes)].map((x) => x.toString(16).padStart(2, "0")).join("");
    const text = "checked";
    const actions = {};
    for (const [name, algorithm] of [
      ["md5", "MD5"],
      ["sha1", "SHA-1"],
      ["sha256", "SHA-256"],
      ["sha384", "SHA-384"],
      ["sha512", "SHA-512"],
    ]) {
      const digest = await crypto.subtle.digest(algorithm, new TextEncoder().encode(text));
      const told = async (sum) => {
        const put = await b.put(`checksums/${name}`, text, { [name]: sum });
        return [put.checksums, (await b.head(`checksums/${name}`)).checksums.toJSON()];
      };
      actions[`${name} buffer`] = () => told(digest);
      actions[`${name} view`] = () => told(new Uint8Array(digest));
      actions[`${name} hex`] = () => told(hex(digest));
      actions[`${name} upper`] = () => told(hex(digest).toUpperCase());
      actions[`${name} wrong`] = () => told(hex(digest).replace(/../, "zz"));
      actions[`${name} other`] = () => told("0".repeat(digest.byteLength * 2));
      actions[`${name} short`] = () => told("00");
      actions[`${name} short view`] = () => told(new Uint8Array(1));
      actions[`${name} number`] = () => told(1);
    }
    actions.several = () => b.put("checksums/several", "v", { md5: "00".repeat(16), sha1: "00".repeat(20) });
    actions.kept = async () => (await b.get("checksums/md5")).text();
    return each(actions);
  },

  async deleting(b) {
    for (const key of ["a", "b", "c", "d"]) await b.put(`deleting/${key}`, key);
    const left = async () => (await b.list({ prefix: "deleting/" })).objects.map((o) => o.key);
    return each({
      one: async () => [await b.delete("deleting/a"), await left()],
      several: async () => [await b.delete(["deleting/b", "deleting/c", "deleting/none"]), await left()],
      again: async () => [await b.delete("deleting/a"), await left()],
      nothing: async () => [await b.delete([]), await left()],
      number: () => b.delete(1),
      object: () => b.delete({}),
      iterable: () => b.delete(new Set(["deleting/d"])),
      left,
    });
  },

  async failing(b) {
    return each({
      errored: () => {
        const { readable, writable } = new FixedLengthStream(5);
        writable.getWriter().abort(new Error("mine")).catch(() => {});
        return b.put("failing", readable);
      },
      short: () => {
        const { readable, writable } = new FixedLengthStream(5);
        const writer = writable.getWriter();
        writer.write(new Uint8Array(2)).catch(() => {});
        writer.close().catch(() => {});
        return b.put("failing", readable);
      },
      locked: () => {
        const readable = stream("locked");
        readable.getReader();
        return b.put("failing", readable);
      },
      left: () => b.get("failing"),
      ssec: () => b.put("failing", "v", { ssecKey: "short" }),
      ssecLetters: () => b.put("failing", "v", { ssecKey: "X".repeat(64) }),
      ssecView: () => b.get("failing", { ssecKey: new Uint8Array(3) }),
    });
  },

  async large(b) {
    const size = 3_000_000;
    const { readable, writable } = new FixedLengthStream(size);
    const writing = (async () => {
      const writer = writable.getWriter();
      for (let at = 0; at < size; at += 100_000) {
        await writer.write(new Uint8Array(100_000).fill(at / 100_000));
      }
      await writer.close();
    })();
    const put = await b.put("large", readable);
    await writing;
    const got = await b.get("large", { range: { offset: 1_999_999, length: 2 } });
    return { size: put.size, etag: put.etag, bytes: shown(await got.bytes()) };
  },
};
