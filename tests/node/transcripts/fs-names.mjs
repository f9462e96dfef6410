import fs from "node:fs";
import promises from "node:fs/promises";
import { promisify } from "node:util";
import { folder } from "./shared/files.mjs";

export default async function run(log) {
  const { root, at, attempt } = folder(log);
  const cb = (fn, ...args) => new Promise((resolve) => fn(...args, (...got) => resolve(got)));
  for (const name of ["b", "a", "B", "10", "9"]) fs.writeFileSync(at(name), name);
  fs.mkdirSync(at("d/e"), { recursive: true });
  fs.writeFileSync(at("d/z"), "z");
  fs.writeFileSync(at("d/e/y"), "y");
  fs.writeFileSync(at("d/a"), "a");
  for (const [name, call] of Object.entries({
    "readdir sorts": () => fs.readdirSync(root),
    "readdir in all depths": () => fs.readdirSync(root, { recursive: true }),
    "with types, in all depths": () => fs.readdirSync(root + "/", { recursive: true, withFileTypes: true }).map((e) => [e.name, e.path, e.parentPath]),
    "names as buffers": () => fs.readdirSync(at("d"), "buffer"),
    "entries with buffers": () => fs.readdirSync(at("d"), {encoding: "buffer", withFileTypes: true}).map((e) => e.name),
    "close a Dir with a callback": () => { const d = fs.opendirSync(at("d")); return cb(d.close.bind(d)); },
    "read a closed Dir": () => { const d = fs.opendirSync(at("d")); d.closeSync(); return d.readSync(); },
    "close a Dir twice": () => { const d = fs.opendirSync(at("d")); d.closeSync(); d.closeSync(); },
    "leave a Dir's loop": async () => { const d = fs.opendirSync(at("d")); for await (const x of d) break; d.closeSync(); },
    "opendir of a file": () => fs.opendirSync(at("a")),
    "opendir of nothing": () => fs.opendirSync(at("none")),
    zerowrite: () => { const fd = fs.openSync(at("zw"), "w"); fs.writeSync(fd, "", 100); fs.writeSync(fd, Buffer.alloc(0), 0, 0, 50); return fs.fstatSync(fd).size; },
    wxnone: () => [fs.writeSync(fs.openSync(at("n1"), "wx"), "q"), fs.readFileSync(at("n1"), "utf8")],
    xwflag: () => fs.writeSync(fs.openSync(at("n2"), "xw"), "q"),
    rxflag: () => fs.openSync(at("n2"), "rx"),
    rsflag: () => typeof fs.openSync(at("n1"), "rs+"),
    srflag: () => typeof fs.openSync(at("n1"), "sr+"),
    asflag: () => typeof fs.openSync(at("n1"), "as"),
    badflagtype: () => fs.openSync(at("n1"), {}),
    badmode: () => fs.openSync(at("n1"), "r", "9z"),
    octalmode: () => (fs.writeFileSync(at("m"), "", { mode: "600" }), (fs.statSync(at("m")).mode & 0o777).toString(8)),
    mkdirmode: () => (fs.mkdirSync(at("mm"), 0o700), (fs.statSync(at("mm")).mode & 0o777).toString(8)),
    renamefromnone: () => fs.renameSync(at("none"), at("x")),
    linknone: () => fs.linkSync(at("none"), at("x")),
    linkdir: () => fs.linkSync(at("d"), at("x")),
    linkexists: () => fs.linkSync(at("a"), at("b")),
    rmdir: () => fs.rmSync(at("d")),
    rmdirrec: () => fs.rmdirSync(at("none"), { recursive: true }),
    rmdirfull: () => fs.rmdirSync(at("d")),
    rmopts: () => fs.rmSync(at("a"), { force: 5 }),
    danglingmkdir: () => { fs.symlinkSync("nothing", at("dang")); fs.mkdirSync(at("dang")); },
    danglingwx: () => fs.writeFileSync(at("dang"), "", { flag: "wx" }),
    danglingw: () => [fs.writeFileSync(at("dang"), "1"), fs.readFileSync(at("nothing"), "utf8")],
    realpath: () => fs.realpathSync(at("none")),
    realpathnative: () => fs.realpathSync.native(at("rel")),
    accessx: () => fs.accessSync(at("a"), fs.constants.X_OK),
    accessbad: () => fs.accessSync(at("a"), 100),
    utimesbad: () => fs.utimesSync(at("a"), {}, 5),
    utimesstr: () => { fs.utimesSync(at("a"), "5", "6.5"); return fs.statSync(at("a")).mtimeMs; },
    utimesneg: () => { fs.utimesSync(at("a"), -5, NaN); },
    truncneg: () => fs.truncateSync(at("b"), -1),
    truncbad: () => fs.truncateSync(at("b"), "x"),
    ftruncbad: () => fs.ftruncateSync(fs.openSync(at("b")), 1),
    readargs: () => fs.readSync(fs.openSync(at("b")), Buffer.alloc(5), 6),
    readargs2: () => fs.readSync(fs.openSync(at("b")), Buffer.alloc(5), 0, 6),
    readargs3: () => fs.readSync(fs.openSync(at("b")), Buffer.alloc(5), -1),
    readempty: () => fs.readSync(fs.openSync(at("b")), Buffer.alloc(0)),
    readposneg: () => fs.readSync(fs.openSync(at("b")), Buffer.alloc(5), 0, 5, -1),
    readposbad: () => fs.readSync(fs.openSync(at("b")), Buffer.alloc(5), 0, 5, "x"),
    readbuf: () => fs.readSync(fs.openSync(at("b")), "x"),
    fdbad: () => fs.readSync("x", Buffer.alloc(5)),
    fdneg: () => fs.closeSync(-1),
    writebad: () => fs.writeSync(fs.openSync(at("b"), "r+"), 5),
    writebad2: () => fs.writeSync(fs.openSync(at("b"), "r+"), Buffer.alloc(3), 4),
    writebad3: () => fs.writeSync(fs.openSync(at("b"), "r+"), Buffer.alloc(3), 1, 3),
    writefilebad: () => fs.writeFileSync(at("b"), 5),
    writefilebad2: () => fs.writeFileSync(at("b"), { toString: () => "x" }),
    enc: () => fs.readFileSync(at("b"), "nope"),
    encopt: () => fs.readFileSync(at("b"), 5),
    writenum: () => fs.appendFileSync(at("b"), 5),
    prexists: () => promisify(fs.exists)(at("a")),
    prread: () => promisify(fs.read)(fs.openSync(at("a")), Buffer.alloc(2), 0, 2, 0),
    prwrite: () => promisify(fs.write)(fs.openSync(at("b"), "r+"), "xy"),
    prreadv: () => promisify(fs.readv)(fs.openSync(at("a")), [Buffer.alloc(2)]),
    signal: () => promises.readFile(at("a"), { signal: AbortSignal.abort() }),
    signalw: () => promises.writeFile(at("a"), "z", { signal: AbortSignal.abort() }),
    signalcb: () => cb(fs.readFile, at("a"), { signal: AbortSignal.abort() }).then(([e]) => [e.name, e.code]),
    mkdirrectype: () => fs.mkdirSync(at("d"), { recursive: 5 }),
    statbad: () => fs.statSync(5),
    statnull: () => fs.statSync(at("a\0b")),
    mkdtempbad: () => fs.mkdtempSync(5),
    mkdtempnone: () => fs.mkdtempSync(at("none/x")).replace(/......$/, ""),
    symlinktype: () => fs.symlinkSync(5, at("q")),
    readlinkbuf: () => fs.readlinkSync(at("rel"), "buffer"),
    statbig: () => { const s = fs.statSync(at("ct"), { bigint: true }); return [s.constructor.name, s.mtimeNs, s.mtimeMs, s.isFile()]; },
    statproto: () => [fs.statSync(at("a")) instanceof fs.Stats, fs.statSync(at("d")).size > -1],
    statfs: () => Object.keys(fs.statfsSync(root)),
    lutimes: () => { fs.lutimesSync(at("rel"), 3, 4); return [fs.lstatSync(at("rel")).mtimeMs]; },
    exists0: () => cb((p, c) => fs.exists(p, c), at("none")),
    existsbad: () => cb((p, c) => fs.exists(p, c), 5),
    nocb: () => fs.stat(at("a")),
    nocb2: () => fs.stat(at("a"), {}),
    nocbclose: () => fs.close(fs.openSync(at("a"))),
    opencb: () => cb(fs.open, at("a")).then(([e, fd]) => [e, typeof fd]),
    rmexist: () => [fs.rmSync(at("rel")), fs.existsSync(at("a"))],
    writepos: () => { fs.writeFileSync(at("wp"), "0123456789"); const fd = fs.openSync(at("wp"), "r+"); fs.writeSync(fd, Buffer.from("ab"), undefined, undefined, 4); fs.writeSync(fd, "cd", 8); fs.writeSync(fd, "E"); return fs.readFileSync(at("wp"), "utf8"); },
    appendpos: () => { const fd = fs.openSync(at("wp"), "a+"); fs.writeSync(fd, "Z", 0); const b = Buffer.alloc(3); return [fs.readSync(fd, b, 0, 3, 0), b.toString(), fs.readFileSync(at("wp"), "utf8")]; },
    writestrenc: () => { const fd = fs.openSync(at("ws"), "w"); fs.writeSync(fd, "6162", null, "hex"); fs.writeSync(fd, "YWI=", 2, "base64"); return fs.readFileSync(at("ws"), "utf8"); },
    readfilefd: () => { const fd = fs.openSync(at("wp"), "r"); fs.readSync(fd, Buffer.alloc(2)); return [fs.readFileSync(fd, "utf8"), fs.readFileSync(fd, "utf8")]; },
    dirfd: () => { const fd = fs.openSync(at("d")); return [fs.fstatSync(fd).isDirectory(), fs.readSync(fd, Buffer.alloc(2))]; },
    opentrail: () => fs.readFileSync(at("a/")),
    opendots: () => fs.readFileSync(at("a/..")),
    emptyname: () => fs.readFileSync(""),
    emptymkdir: () => fs.mkdirSync(""),
    devfull: () => fs.writeFileSync("/dev/full", "x"),
    devzero: () => { const b = Buffer.alloc(4, 1); fs.readSync(fs.openSync("/dev/zero"), b); return b; },
    nlink: () => { fs.linkSync(at("a"), at("hl")); fs.unlinkSync(at("a")); return [fs.statSync(at("hl")).nlink]; },
    unlinkopen: () => { const fd = fs.openSync(at("hl"), "r+"); fs.unlinkSync(at("hl")); fs.writeSync(fd, "more data"); return [fs.fstatSync(fd).nlink, fs.fstatSync(fd).size, fs.readFileSync(fd, "utf8")]; },
    renameover: () => { fs.writeFileSync(at("r1"), "1"); fs.writeFileSync(at("r2"), "2"); fs.renameSync(at("r1"), at("r2")); return fs.readFileSync(at("r2"), "utf8"); },
    renamesym: () => { fs.mkdirSync(at("rd")); fs.symlinkSync("rd", at("rl")); fs.renameSync(at("rd"), at("rl/x")); },
    renamedirfile: () => fs.renameSync(at("d"), at("r2")),
    renamedirfull: () => { fs.mkdirSync(at("full/x"), { recursive: true }); fs.renameSync(at("d"), at("full")); },
    renamedirempty: () => { fs.mkdirSync(at("empty")); fs.renameSync(at("full"), at("empty")); return fs.readdirSync(at("empty")); },
    "a Dir with a callback": () => cb((...args) => fs.opendirSync(at("d")).read(...args)).then(([error, entry]) => [error, typeof entry.name]),
    "what callbacks get": async () => {
      const made = [await cb(fs.writeFile, at("cb"), "x"), await cb(fs.access, at("cb")), await cb(fs.mkdir, at("cbd")), await cb(fs.mkdir, at("cbd/a/b"), { recursive: true }), await cb(fs.mkdir, at("cbd/a/b"), { recursive: true }), await cb(fs.unlink, at("cb")), await cb(fs.rm, at("none"), { force: true }), await cb(fs.close, fs.openSync(at("B")))];
      return [made, (await cb(fs.stat, at("none")))[0].message];
    },
    "modes to access": () => Promise.all(["/", 123n, -1, 8, 1.5, null, {}].map((mode) => attempt(`access ${typeof mode} ${mode}`, () => fs.accessSync("/tmp", mode)))),
    "modes and owners": async () => {
      fs.writeFileSync(at("own"), "");
      const fd = fs.openSync(at("own"), "r+");
      for (const mode of [-1, 2 ** 32, "a", "777", null, {}, 1.5])
        for (const [name, file] of [["chmodSync", at("own")], ["fchmodSync", fd]]) await attempt(`${name} ${mode}`, () => fs[name](file, mode));
      const { uid, gid } = fs.statSync(at("own"));
      for (const owner of [["a", 0], [0, "a"], [-2, 0], [2 ** 32, 0], [1.5, 0], [], [-1, -1], [uid, gid]])
        for (const [name, file] of [["chownSync", at("own")], ["lchownSync", at("own")], ["fchownSync", fd]]) await attempt(`${name} ${owner.length && owner.every(Number.isInteger)}`, () => fs[name](file, ...owner));
      await attempt("at once", () => fs.chown(at("own"), "a", 0, () => {}));
      await attempt("no descriptor", () => fs.fchmodSync("x", 7));
      await attempt("not open", () => fs.fchmodSync(5000, 7));
      fs.closeSync(fd);
      const handle = await promises.open(at("own"));
      await attempt("of a handle", () => handle.chmod("x"));
      await handle.close();
      return [fs.chmodSync.name, fs.lchownSync.name];
    },
    "what is checked before a file is looked for": async () => {
      const none = at("none");
      const odd = [undefined, null, "x", true, {}, [], () => {}];
      for (const [i, value] of odd.entries()) {
        await attempt(`time ${i}`, () => fs.utimesSync(none, value, 1));
        await attempt(`other time ${i}`, () => fs.lutimesSync(none, 1, value));
        await attempt(`times ${i}`, () => fs.futimesSync(5000, 1, value));
        await attempt(`rmdir ${i}`, () => fs.rmdirSync(none, value));
        if (i > 0) for (const name of ["maxRetries", "retryDelay", "recursive"]) await attempt(`${name} ${i}`, () => fs.rmdirSync(none, { [name]: value }));
        if (i !== 2) await attempt(`blob ${i}`, () => fs.openAsBlob(value).then(() => "a blob"));
        await attempt(`type ${i}`, () => fs.openAsBlob(at("own"), { type: value }).then(() => "a blob"));
        await attempt(`length ${i}`, () => fs.ftruncateSync(5000, value));
        if (i > 1) await attempt(`mode ${i}`, () => fs.cp(none, at("other"), { mode: value }, () => {}));
      }
      for (const count of [-1, 1.5, 2 ** 32]) await attempt(`retries ${count}`, () => fs.rmSync(none, { maxRetries: count }));
      await attempt("link", () => fs.symlinkSync("a", at("typed"), "x"));
      await attempt("no date", () => fs.utimesSync(root, 1, new Date(NaN)));
    },
    "a name that is too long": () => fs.writeFileSync(at("a".repeat(256)), ""),
    "a path that is too long": async () => {
      const { code, errno } = await promises.readFile(at("a/".repeat(2100))).catch((error) => error);
      return [code, errno];
    },
    "a flush that is none": () => fs.appendFileSync(at("fl"), "a", { flush: "no" }),
    "a flush": () => fs.appendFileSync(at("fl"), "a", { flush: true }),
    "the prototype of constants": () => Object.getPrototypeOf(fs.constants),
    names: () => [fs.readFile.name, fs.stat.name, fs.write.name, promises.readFile.name, promises.stat.name, fs.promises === promises],
  }))
    await attempt(name, call);
  fs.rmSync(root, { recursive: true });
}
