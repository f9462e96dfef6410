// What node:fs tells of a file: Stats and Dirent.
// https://nodejs.org/docs/latest-v20.x/api/fs.html#class-fsstats

import { Buffer } from "./buffer.js";
import { constants } from "./fs-constants.js";

const BLOCK_BYTES = 512;
const TIMES = ["atime", "mtime", "ctime", "birthtime"];
const { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } = constants;
const KINDS = {
  isBlockDevice: S_IFBLK,
  isCharacterDevice: S_IFCHR,
  isDirectory: S_IFDIR,
  isFIFO: S_IFIFO,
  isFile: S_IFREG,
  isSocket: S_IFSOCK,
  isSymbolicLink: S_IFLNK,
};

function numbersOf(node) {
  const numbers = {
    dev: 1,
    mode: node.mode,
    nlink: node.nlink,
    uid: 0,
    gid: 0,
    rdev: 0,
    blksize: 4096,
    ino: node.ino,
    size: node.target === undefined ? node.size : Buffer.byteLength(node.target),
    blocks: Math.ceil(node.size / BLOCK_BYTES),
  };
  for (const time of TIMES) numbers[`${time}Ms`] = node[time];
  return numbers;
}

export class Stats {
  constructor(node) {
    Object.assign(this, numbersOf(node));
    for (const time of TIMES) this[time] = new Date(node[time]);
  }
}

/** The same, with nanoseconds besides; all of it bigints. */
class BigIntStats {
  constructor(node) {
    for (const [name, value] of Object.entries(numbersOf(node)))
      this[name] = BigInt(Math.trunc(value));
    for (const time of TIMES) this[`${time}Ns`] = BigInt(Math.trunc(node[time] * 1000)) * 1000n;
    for (const time of TIMES) this[time] = new Date(node[time]);
  }
}

/** What is known of a node, in numbers or, as the options may ask for, bigints. */
export const statsOf = (node, options) =>
  options?.bigint ? new BigIntStats(node) : new Stats(node);

let modeOf;

/** An entry of a directory. */
export class Dirent {
  #mode;

  constructor(name, parentPath, node) {
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
    this.#mode = node.mode;
  }

  static {
    modeOf = (entry) => entry.#mode;
  }
}

for (const [name, kind] of Object.entries(KINDS)) {
  const define = (Class, modeIn) =>
    Object.defineProperty(Class.prototype, name, {
      value() {
        return (Number(modeIn(this)) & S_IFMT) === kind;
      },
      writable: true,
      configurable: true,
    });
  define(Stats, (stats) => stats.mode);
  define(BigIntStats, (stats) => stats.mode);
  define(Dirent, modeOf);
}
