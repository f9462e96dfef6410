import fs from "node:fs";
import promises, { constants } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { folder } from "./shared/files.mjs";

export default async function run(log) {
  const { root, at, tell, attempt } = folder(log);
  for (const [name, call] of Object.entries({
    nothing: () => fs.readFileSync(at("none")),
    "nothing below a file": () => fs.writeFileSync(at("none/x"), ""),
    write: () => fs.writeFileSync(at("a"), "héllo"),
    "below a file": () => fs.readFileSync(at("a/b")),
    read: () => [fs.readFileSync(at("a")), fs.readFileSync(at("a"), "utf8"), fs.readFileSync(at("a"), { encoding: "hex" })],
    append: () => (fs.appendFileSync(at("a"), new Uint8Array([33, 33])), fs.readFileSync(at("a"), "latin1")),
    "by URL": () => fs.readFileSync(new URL(`file://${root}/a`), "utf8"),
    "by Buffer": () => fs.readFileSync(Buffer.from(at("a")), "utf8"),
    exclusive: () => fs.writeFileSync(at("a"), "x", { flag: "wx" }),
    "bad flag": () => fs.openSync(at("a"), "q"),
    "no path": () => fs.readFileSync(),
    "no data": () => fs.writeFileSync(at("a")),
    "a zero": () => fs.existsSync("a\0b"),
    exists: () => [fs.existsSync(at("a")), fs.existsSync(at("none")), fs.existsSync()],
    access: () => [fs.accessSync(at("a")), fs.accessSync(at("a"), fs.constants.R_OK | fs.constants.W_OK)],
    "no access": () => fs.accessSync(at("none")),
    mkdir: () => [fs.mkdirSync(at("d")), fs.mkdirSync(at("d/e/f"), { recursive: true }), fs.mkdirSync(at("d/e/f"), { recursive: true })],
    "mkdir again": () => fs.mkdirSync(at("d")),
    "mkdir below nothing": () => fs.mkdirSync(at("n/o")),
    "mkdir on a file": () => fs.mkdirSync(at("a"), { recursive: true }),
    readdir: () => [fs.readdirSync(root).sort(), fs.readdirSync(at("d"), { recursive: true }).sort()],
    "readdir of a file": () => fs.readdirSync(at("a")),
    "with types": () => fs.readdirSync(root, { withFileTypes: true }).map((entry) => [entry.name, entry.isFile(), entry.isDirectory(), entry.path]).sort(),
    stat: () => {
      const stat = fs.statSync(at("a"));
      return [stat.size, stat.isFile(), stat.isDirectory(), stat.isSymbolicLink(), stat.mtime instanceof Date, Object.keys(stat).sort(), stat.mode & 0o170000];
    },
    "big stat": () => typeof fs.statSync(at("a"), { bigint: true }).size,
    "no stat": () => fs.statSync(at("none")),
    "no stat, silently": () => fs.statSync(at("none"), { throwIfNoEntry: false }),
    "read a directory": () => fs.readFileSync(at("d")),
    "write a directory": () => fs.writeFileSync(at("d"), ""),
    rmdir: () => fs.rmdirSync(at("d")),
    "rmdir of a file": () => fs.rmdirSync(at("a")),
    "unlink nothing": () => fs.unlinkSync(at("none")),
    "rm nothing": () => fs.rmSync(at("none")),
    "rm nothing by force": () => fs.rmSync(at("none"), { force: true }),
    rename: () => [fs.renameSync(at("a"), at("b")), fs.readdirSync(root).sort()],
    "rename nothing": () => fs.renameSync(at("none"), at("c")),
    "rename into itself": () => fs.renameSync(at("d"), at("d/x")),
    "rename a file to a directory": () => fs.renameSync(at("b"), at("d")),
    copy: () => [fs.copyFileSync(at("b"), at("c")), fs.readFileSync(at("c"), "utf8")],
    "copy nothing": () => fs.copyFileSync(at("none"), at("c")),
    "copy to what is there": () => fs.copyFileSync(at("b"), at("c"), fs.constants.COPYFILE_EXCL),
    link: () => {
      fs.symlinkSync(at("b"), at("l"));
      fs.symlinkSync("d/e", at("deep"));
      fs.symlinkSync("none", at("broken"));
      fs.symlinkSync("loop", at("loop"));
      fs.linkSync(at("c"), at("hard"));
      fs.writeFileSync(at("hard"), "both");
      return [fs.readlinkSync(at("l")), fs.readFileSync(at("l"), "utf8"), fs.lstatSync(at("l")).isSymbolicLink(), fs.realpathSync(at("deep/f")), fs.existsSync(at("broken")), fs.readFileSync(at("c"), "utf8"), fs.statSync(at("c")).nlink];
    },
    "a loop": () => fs.readFileSync(at("loop")),
    "no link": () => fs.readlinkSync(at("b")),
    "link again": () => fs.symlinkSync("x", at("l")),
    descriptors: () => {
      const fd = fs.openSync(at("f"), "w+");
      const wrote = [fs.writeSync(fd, "abcdef"), fs.writeSync(fd, Buffer.from("XYZ"), 1, 1, 2), fs.writeSync(fd, "g")];
      const buffer = Buffer.alloc(4, ".");
      const got = [fs.readSync(fd, buffer, 0, 3, 1), buffer.toString(), fs.readSync(fd, buffer), fs.readSync(fd, buffer, { position: 0, length: 2 }), buffer.toString()];
      fs.ftruncateSync(fd, 4);
      const size = fs.fstatSync(fd).size;
      fs.closeSync(fd);
      return [wrote, got, size, fs.readFileSync(at("f"), "utf8")];
    },
    "not open": () => fs.readSync(1000, Buffer.alloc(1)),
    "not for writing": () => fs.writeSync(fs.openSync(at("f")), "x"),
    truncate: () => (fs.truncateSync(at("f"), 6), fs.readFileSync(at("f"), "hex")),
    times: () => (fs.utimesSync(at("f"), 1, new Date(2000)), [fs.statSync(at("f")).atimeMs, fs.statSync(at("f")).mtimeMs]),
    vectors: () => {
      const fd = fs.openSync(at("v"), "w+");
      const all = [Buffer.alloc(1), Buffer.alloc(5)];
      return [fs.writevSync(fd, [Buffer.from("ab"), Buffer.from("c")]), fs.readvSync(fd, all, 0), all.join("")];
    },
    cp: () => [fs.cpSync(at("d"), at("copy"), { recursive: true }), fs.readdirSync(at("copy"), { recursive: true }).sort()],
    "cp of a directory": () => fs.existsSync(at("copy/e")),
    rm: () => [fs.rmSync(at("copy"), { recursive: true }), fs.existsSync(at("copy"))],
    opendir: async () => {
      const names = [];
      for await (const entry of fs.opendirSync(at("d"))) names.push(entry.name);
      return names;
    },
    promises: async () => [await promises.writeFile(at("p"), ["x", "y"]), await promises.readFile(at("p"), "utf8"), await promises.stat(at("p")).then((stat) => stat.size), constants.O_RDWR === fs.constants.O_RDWR],
    "a promise of nothing": () => promises.readFile(at("none")),
    "a handle": async () => {
      const file = await promises.open(at("h"), "w+");
      await file.writeFile("one\ntwo\n");
      const { bytesRead, buffer } = await file.read(Buffer.alloc(3), 0, 3, 4);
      const lines = [];
      await file.close();
      for await (const line of (await promises.open(at("h"))).readLines()) lines.push(line);
      return [bytesRead, buffer.toString(), lines];
    },
    callback: () => promisify(fs.readFile)(at("p"), "utf8"),
    "callback of nothing": () => promisify(fs.readFile)(at("none")),
    "no callback": () => fs.readFile(at("p")),
    "exists with a callback": () => new Promise((resolve) => fs.exists(at("p"), resolve)),
    "read with a callback": () => new Promise((resolve) => fs.read(fs.openSync(at("p")), Buffer.alloc(2), 0, 2, 0, (error, count, buffer) => resolve([error, count, buffer.toString()]))),
    streams: async () => {
      await pipeline(fs.createReadStream(at("p")), fs.createWriteStream(at("s")));
      const part = await buffer(fs.createReadStream(at("b"), { start: 1, end: 2 }));
      await new Promise((resolve) =>
        fs.createWriteStream(at("s"), { flags: "a" }).end("more", resolve),
      );
      await new Promise((resolve) => fs.createWriteStream(at("t")).end("x", resolve));
      return [part, fs.readFileSync(at("s"), "utf8")];
    },
    "a stream of nothing": () => buffer(fs.createReadStream(at("none"))),
    blob: async () => (await fs.openAsBlob(at("p"))).text(),
    "the null device": () => [fs.writeFileSync("/dev/null", "x"), fs.readFileSync("/dev/null").length],
  }))
    await attempt(name, call);
  fs.rmSync(root, { recursive: true });
  tell(fs.existsSync(root));
}
