import fs from "node:fs";
import promises from "node:fs/promises";
import { folder } from "./shared/files.mjs";

/** The functions of node:fs, which note their names; `changes` are in the place of some. */
function noting(names, changes = {}) {
  const noted = [];
  const own = {};
  for (const name of names)
    own[name] = (...args) => {
      noted.push(name);
      (changes[name] ?? fs[name])(...args);
    };
  return { own, noted };
}

const closed = (stream) => new Promise((resolve) => stream.on("close", resolve));

export default async function run(log) {
  const { root, at, attempt } = folder(log);
  fs.writeFileSync(at("a"), "0123456789");
  for (const [name, call] of Object.entries({
    "reads by a script's functions": async () => {
      const { own, noted } = noting(["open", "read", "close"]);
      const stream = fs.createReadStream(at("a"), { fs: own, encoding: "utf8" });
      return [(await stream.toArray()).join(""), noted];
    },
    "writes by a script's functions": async () => {
      const { own, noted } = noting(["open", "write", "writev", "close"]);
      const stream = fs.createWriteStream(at("w"), { fs: own });
      for (const text of ["one", "two", "three"]) stream.write(text);
      stream.end();
      await closed(stream);
      return [noted, fs.readFileSync(at("w"), "utf8"), stream.bytesWritten];
    },
    "writes what was left": async () => {
      const { own, noted } = noting(["open", "write", "close"], {
        write: (fd, bytes, offset, length, ...rest) => fs.write(fd, bytes, offset, 2, ...rest),
      });
      const stream = fs.createWriteStream(at("w"), { fs: own });
      stream.end("abcdef");
      await closed(stream);
      return [noted, fs.readFileSync(at("w"), "utf8")];
    },
    "a write that fails": async () => {
      const { own, noted } = noting(["open", "write", "close"], {
        write: (...args) => args.at(-1)(new Error("no room")),
      });
      const stream = fs.createWriteStream(at("w"), { fs: own });
      stream.end("abc");
      return [(await new Promise((resolve) => stream.on("error", resolve))).message, noted, stream.fd];
    },
    "a function that is none": () => fs.createReadStream(at("a"), { fs: { open: 1 } }),
    "flushes in the end": async () => {
      const { own, noted } = noting(["open", "write", "fsync", "close"]);
      const stream = fs.createWriteStream(at("w"), { fs: own, flush: true });
      stream.end("x");
      await closed(stream);
      return noted;
    },
    "a flush that is none": () => fs.createWriteStream(at("w"), { flush: "true" }),
    "by descriptor": async () => {
      const stream = fs.createReadStream(at("a"), { fd: fs.openSync(at("a")), encoding: "utf8" });
      return [stream.path, stream.autoClose, (await stream.toArray()).join("")];
    },
    "no descriptor": async () => {
      const stream = fs.createReadStream(null, { fd: 13_337, autoClose: false });
      stream.resume();
      const { code, syscall } = await new Promise((resolve) => stream.on("error", resolve));
      return [code, syscall, stream.destroyed, stream.fd];
    },
    "with new": async () => {
      const stream = new fs.createReadStream(at("a"), { end: 1, encoding: "utf8" });
      return (await stream.toArray()).join("");
    },
    "options that are inherited": async () => {
      const stream = fs.createReadStream(at("a"), { __proto__: { start: 2, end: 4, encoding: "hex" } });
      return (await stream.toArray()).join("");
    },
    "a method of the prototype": async () => {
      const { open } = fs.ReadStream.prototype;
      fs.ReadStream.prototype.open = function () {
        fs.open(this.path, "r", (_, fd) => {
          this.fd = fd;
          this.emit("open", fd);
        });
      };
      const stream = fs.createReadStream(at("a"), { encoding: "utf8" });
      fs.ReadStream.prototype.open = open;
      return (await stream.toArray()).join("");
    },
    "a method that fails": async () => {
      const stream = fs.createReadStream(at("a"));
      stream.open = () => stream.emit("error", new Error("not today"));
      return (await new Promise((resolve) => stream.on("error", resolve))).message;
    },
    "a handle's methods": async () => {
      const handle = await promises.open(at("h"), "w+");
      const noted = [];
      for (const name of ["write", "writev"]) {
        const method = handle[name];
        handle[name] = (...args) => (noted.push("write"), method.apply(handle, args));
      }
      const stream = handle.createWriteStream();
      stream.end("hello");
      await closed(stream);
      return [noted, fs.readFileSync(at("h"), "utf8")];
    },
    "a handle that is closed": async () => {
      const handle = await promises.open(at("a"));
      const stream = handle.createReadStream();
      stream.on("data", () => log("data"));
      const end = closed(stream);
      await handle.close();
      await end;
      return stream.bytesRead;
    },
    "a handle and functions": async () => {
      const handle = await promises.open(at("a"));
      try {
        fs.createReadStream(null, { fd: handle, fs: {} });
      } finally {
        await handle.close();
      }
    },
    "written on and on": async () => {
      const stream = fs.createWriteStream(at("w"), { highWaterMark: 100 });
      await new Promise((resolve) => stream.on("open", resolve));
      let count = 0;
      while (stream.write("0123456789") && count < 1000) count++;
      await new Promise((resolve) => stream.once("drain", resolve));
      stream.end();
      await closed(stream);
      return [count, fs.readFileSync(at("w")).length];
    },
    "closed twice": async () => {
      const stream = fs.createReadStream(at("a"));
      await Promise.all([1, 2].map(() => new Promise((resolve) => stream.close(resolve))));
      return [stream.closed, stream.pending];
    },
    "destroyed before it is open": async () => {
      const { own, noted } = noting(["open", "write", "close"]);
      const stream = fs.createWriteStream(at("w"), { fs: own });
      stream.destroy();
      await closed(stream);
      return [noted, stream.fd];
    },
    "closes itself or not": async () => {
      const stream = fs.createWriteStream(at("w"));
      await new Promise((resolve) => stream.on("open", resolve));
      const before = stream.autoClose;
      stream.autoClose = false;
      return [before, stream.autoClose, stream._writableState.autoDestroy];
    },
  }))
    await attempt(name, call);
  fs.rmSync(root, { recursive: true });
  log(fs.existsSync(root));
  log(typeof fs.createWriteStream.prototype);
}
