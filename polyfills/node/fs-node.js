// What a tree of files is made of (fs-tree.js).

import { lazily } from "../kernel/lazy.js";
import { constants } from "./fs-constants.js";
import { fileError } from "./fs-errors.js";

const { S_IFDIR, S_IFMT } = constants;
const MAX_BYTES = 128 * 1024 * 1024; // of a tree, with what has no name any more and is still open
const MAX_RANDOM_BYTES = 65_536; // at a time
const NOTHING = new Uint8Array(0);
const processOf = lazily("node/process.js");
/** What is open from the start, by its descriptor: what is written there goes to the console. */
export const STANDARD_STREAMS = ["stdin", "stdout", "stderr"];

/** A file, a directory, a device or a symbolic link; `tree` is null where nobody may change it. */
export class Node {
  tree;
  mode;
  ino;
  nlink = 1;
  opened = 0; // how often it is open
  entries; // of a directory
  target; // of a link
  device; // of a device: "null", "zero", "full", "random" or a stream of the process
  bytes = NOTHING; // of a file; the buffer may be longer than its `size`
  size = 0;
  atime = Date.now();
  mtime = this.atime;
  ctime = this.atime;
  birthtime = this.atime;

  constructor(tree, mode, ino) {
    this.tree = tree;
    this.mode = mode;
    this.ino = ino;
    if ((mode & S_IFMT) === S_IFDIR) this.entries = new Map();
  }

  get isDirectory() {
    return this.entries !== undefined;
  }

  touch() {
    this.mtime = this.ctime = Date.now();
  }

  /** Up to `length` bytes from `position` on, as a view. */
  read(position, length) {
    if (this.device === undefined)
      return this.bytes.subarray(
        Math.min(position, this.size),
        Math.min(position + length, this.size),
      );
    if (this.device === "null" || STANDARD_STREAMS.includes(this.device)) return NOTHING;
    const bytes = new Uint8Array(length);
    if (this.device === "random")
      for (let at = 0; at < length; at += MAX_RANDOM_BYTES)
        crypto.getRandomValues(bytes.subarray(at, at + MAX_RANDOM_BYTES));
    return bytes;
  }

  write(position, data) {
    if (this.device === "full") throw fileError("ENOSPC", "write");
    if (this.device === "stdout" || this.device === "stderr") processOf()[this.device].write(data);
    if (this.device !== undefined || data.length === 0) return;
    if (position + data.length > this.size) this.resize(position + data.length);
    this.bytes.set(data, position);
    this.touch();
  }

  /** Devices stay as they are. */
  resize(size) {
    if (this.device !== undefined) return;
    if (this.tree.used + size - this.size > MAX_BYTES) throw fileError("ENOSPC", "write");
    if (size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(size, Math.min(this.bytes.length * 2, MAX_BYTES)));
      grown.set(this.bytes.subarray(0, this.size));
      this.bytes = grown;
    } else if (size < this.size) this.bytes.fill(0, size, this.size);
    this.tree.used += size - this.size;
    this.size = size;
    this.touch();
  }

  /** One of its names is gone; with the last one goes what a directory has in it. */
  unlink() {
    this.nlink--;
    if (this.nlink > 0) return;
    if (this.isDirectory) for (const inner of this.entries.values()) inner.unlink();
    this.#release();
  }

  close() {
    this.opened--;
    this.#release();
  }

  /** Gives back what it takes, when it has no name any more and nobody has it open. */
  #release() {
    if (this.nlink > 0 || this.opened > 0 || this.tree === null) return;
    this.tree.used -= this.size;
    this.size = 0;
    this.bytes = NOTHING;
  }
}
