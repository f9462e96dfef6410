// What node:fs tells of files: Stats, Dirent, Dir. https://nodejs.org/docs/latest-v20.x/api/fs.html

import { nodeError } from "./errors.js";
import { S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "./fs-tree.js";

const BLOCK_BYTES = 512;
const TIMES = ["atime", "mtime", "ctime", "birthtime"];
const KINDS = {
  isBlockDevice: 0o060000,
  isCharacterDevice: S_IFCHR,
  isDirectory: S_IFDIR,
  isFIFO: 0o010000,
  isFile: S_IFREG,
  isSocket: 0o140000,
  isSymbolicLink: S_IFLNK,
};

export class Stats {
  constructor(node, isBig = false) {
    const numbers = {
      dev: 1,
      ino: node.ino,
      mode: node.mode,
      nlink: node.nlink,
      uid: 0,
      gid: 0,
      rdev: 0,
      size: node.target === undefined ? node.size : node.target.length,
      blksize: 4096,
      blocks: Math.ceil(node.size / BLOCK_BYTES),
    };
    for (const time of TIMES) numbers[`${time}Ms`] = node[time];
    for (const key of Object.keys(numbers))
      this[key] = isBig ? BigInt(Math.trunc(numbers[key])) : numbers[key];
    if (isBig) for (const time of TIMES) this[`${time}Ns`] = this[`${time}Ms`] * 1_000_000n;
    for (const time of TIMES) this[time] = new Date(node[time]);
  }
}

export class Dirent {
  #mode;

  constructor(name, parentPath, node) {
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
    this.#mode = node.mode;
  }

  static modeOf(entry) {
    return entry.#mode;
  }
}

for (const [name, kind] of Object.entries(KINDS)) {
  Object.defineProperty(Stats.prototype, name, {
    value() {
      return (Number(this.mode) & S_IFMT) === kind;
    },
    writable: true,
    configurable: true,
  });
  Object.defineProperty(Dirent.prototype, name, {
    value() {
      return (Dirent.modeOf(this) & S_IFMT) === kind;
    },
    writable: true,
    configurable: true,
  });
}

export class Dir {
  #entries;
  #closed = false;

  constructor(path, entries) {
    this.path = path;
    this.#entries = entries;
  }

  readSync() {
    this.#requireOpen();
    return this.#entries.shift() ?? null;
  }

  async read() {
    return this.readSync();
  }

  closeSync() {
    this.#requireOpen();
    this.#closed = true;
  }

  async close() {
    this.closeSync();
  }

  async *[Symbol.asyncIterator]() {
    for (let entry = this.readSync(); entry !== null; entry = this.readSync()) yield entry;
    this.closeSync();
  }

  #requireOpen() {
    if (this.#closed) throw nodeError(Error, "ERR_DIR_CLOSED", "Directory handle was closed");
  }
}
