// The files of a Worker: a tree in memory, where only `/tmp` can be written to.
// https://developers.cloudflare.com/workers/runtime-apis/nodejs/fs/
//
// Each event has a tree of its own, as each object has, and it goes with them; so does what is
// open. `/bundle` is empty: a script's modules are no files here. A tree holds MAX_BYTES, with
// what has no name any more and is still open.

import { currentContext } from "../kernel/current.js";
import { constants } from "./fs-constants.js";
import { fileError } from "./fs-errors.js";

const { S_IFCHR, S_IFDIR, S_IFMT } = constants;
const MAX_LINKS = 40;
const MAX_BYTES = 128 * 1024 * 1024;
const MAX_RANDOM_BYTES = 65_536; // at a time
const NOTHING = new Uint8Array(0);

/** A file, a directory, a device or a symbolic link; `tree` is null where nobody may change it. */
export class Node {
  tree;
  mode;
  ino;
  nlink = 1;
  opened = 0; // how often it is open
  entries; // of a directory
  target; // of a link
  device; // of a device: "null", "zero", "full" or "random"
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
    if (this.device === "null") return NOTHING;
    const bytes = new Uint8Array(length);
    if (this.device === "random")
      for (let at = 0; at < length; at += MAX_RANDOM_BYTES)
        crypto.getRandomValues(bytes.subarray(at, at + MAX_RANDOM_BYTES));
    return bytes;
  }

  write(position, data) {
    if (this.device === "full") throw fileError("ENOSPC", "write");
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

class Tree {
  used = 0;
  descriptors = new Map();
  #number = 0;
  #descriptor = 2;
  root;

  constructor() {
    const fixed = (mode) => new Node(null, mode, ++this.#number);
    this.root = fixed(S_IFDIR | 0o555);
    const dev = fixed(S_IFDIR | 0o555);
    for (const name of ["null", "zero", "full", "random"]) {
      const device = fixed(S_IFCHR | 0o666);
      device.device = name;
      dev.entries.set(name, device);
    }
    this.root.entries.set("bundle", fixed(S_IFDIR | 0o555));
    this.root.entries.set("tmp", this.make(S_IFDIR | 0o777));
    this.root.entries.set("dev", dev);
  }

  make(mode) {
    return new Node(this, mode, ++this.#number);
  }

  /** A descriptor for an open file. */
  open(file) {
    file.node.opened++;
    this.descriptors.set(++this.#descriptor, file);
    return this.#descriptor;
  }

  close(descriptor) {
    this.descriptors.get(descriptor).node.close();
    this.descriptors.delete(descriptor);
  }
}

const trees = new WeakMap();
let ofGlobalScope;

/** The tree of whoever runs. */
export function tree() {
  const life = currentContext()?.life;
  if (life === undefined || life === null) return (ofGlobalScope ??= new Tree());
  let own = trees.get(life);
  if (own === undefined) trees.set(life, (own = new Tree()));
  return own;
}

/**
 * What is at a path: its directory, its name in it, its path without links and, unless there is
 * none, the node. A relative path begins at the root. Follows links, the last one only where
 * `follows`; raises ENOENT where the directory is not there.
 */
export function find(path, syscall, { follows = true } = {}) {
  if (path === "") throw fileError("ENOENT", syscall, path);
  const { root } = tree();
  const parts = path.split("/").reverse();
  let trail = []; // from the root on: [name, node]
  let links = 0;
  while (parts.length > 0) {
    const part = parts.pop();
    const node = trail.length > 0 ? trail.at(-1)[1] : root;
    // What is to be made may have a slash at its end.
    if (node === undefined && part === "" && parts.length === 0) break;
    if (node === undefined) throw fileError("ENOENT", syscall, path);
    if (!node.isDirectory) throw fileError("ENOTDIR", syscall, path);
    if (part === "" || part === ".") continue;
    if (part === "..") {
      trail.pop();
      continue;
    }
    const next = node.entries.get(part);
    if (next?.target === undefined || (!follows && parts.length === 0)) {
      trail.push([part, next]);
      continue;
    }
    if (++links > MAX_LINKS) throw fileError("ELOOP", syscall, path);
    if (next.target.startsWith("/")) trail = [];
    parts.push(...next.target.split("/").reverse());
  }
  const [name, node] = trail.at(-1) ?? ["", root];
  return {
    directory: trail.length === 0 ? null : (trail.at(-2)?.[1] ?? root),
    name,
    node,
    path: `/${trail.map(([each]) => each).join("/")}`,
  };
}

/** The same, where something has to be there. */
export function found(path, syscall, options = undefined) {
  const place = find(path, syscall, options);
  if (place.node === undefined) throw fileError("ENOENT", syscall, path);
  return place;
}

/** Raises EPERM unless this node, or this directory's list, may be changed. */
export function requireWritable(node, syscall, path) {
  if (node === null || node.tree === null) throw fileError("EPERM", syscall, path);
}

/** Gives a node the name of a place. */
export function add(place, node, syscall, path) {
  requireWritable(place.directory, syscall, path);
  place.directory.entries.set(place.name, node);
  place.directory.touch();
}

/** Takes the name of a place from its node. */
export function drop(place, syscall, path) {
  requireWritable(place.directory, syscall, path);
  place.directory.entries.delete(place.name);
  place.directory.touch();
  place.node.unlink();
}

/** A new node at a place. */
export function make(place, mode, syscall, path) {
  requireWritable(place.directory, syscall, path);
  const node = place.directory.tree.make(mode);
  add(place, node, syscall, path);
  return node;
}
