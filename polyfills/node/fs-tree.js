// The files of a Worker: a tree in memory, where only `/tmp` can be written to.
// https://developers.cloudflare.com/workers/runtime-apis/nodejs/fs/
//
// Each event has a tree of its own, as each object has, and it goes with them; so does what is
// open. `/bundle` is empty: a script's modules are no files here. A tree holds MAX_BYTES.

import { currentContext } from "../kernel/current.js";
import { fileError } from "./fs-errors.js";

export const S_IFMT = 0o170000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFLNK = 0o120000;

const MAX_LINKS = 40;
const MAX_BYTES = 128 * 1024 * 1024;
const NOTHING = new Uint8Array(0);

/** A file, a directory, a device or a symbolic link; `tree` is null where nobody may change it. */
export class Node {
  tree;
  mode;
  ino;
  nlink = 1;
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
      return this.bytes.subarray(Math.min(position, this.size), Math.min(position + length, this.size));
    if (this.device === "null") return NOTHING;
    const bytes = new Uint8Array(length);
    if (this.device === "random")
      for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    return bytes;
  }

  write(position, data) {
    if (this.device === "full") throw fileError("ENOSPC", "write");
    if (this.device !== undefined) return;
    if (position + data.length > this.size) this.resize(position + data.length);
    this.bytes.set(data, position);
    this.touch();
  }

  resize(size) {
    if (size > this.bytes.length) {
      if (this.tree.used + size - this.size > MAX_BYTES) throw fileError("ENOSPC", "write");
      const grown = new Uint8Array(Math.max(size, Math.min(this.bytes.length * 2, MAX_BYTES)));
      grown.set(this.bytes.subarray(0, this.size));
      this.bytes = grown;
    } else if (size < this.size) this.bytes.fill(0, size, this.size);
    this.tree.used += size - this.size;
    this.size = size;
    this.touch();
  }
}

class Tree {
  used = 0;
  descriptors = new Map();
  #number = 0;
  #descriptor = 2;
  root;

  constructor() {
    this.root = new Node(null, S_IFDIR | 0o555, ++this.#number);
    const bundle = new Node(null, S_IFDIR | 0o555, ++this.#number);
    const dev = new Node(null, S_IFDIR | 0o555, ++this.#number);
    const tmp = this.make(S_IFDIR | 0o777);
    for (const name of ["null", "zero", "full", "random"]) {
      const device = new Node(null, S_IFCHR | 0o666, ++this.#number);
      device.device = name;
      dev.entries.set(name, device);
    }
    for (const [name, node] of [["bundle", bundle], ["tmp", tmp], ["dev", dev]])
      this.root.entries.set(name, node);
  }

  make(mode) {
    return new Node(this, mode, ++this.#number);
  }

  open(file) {
    this.descriptors.set(++this.#descriptor, file);
    return this.#descriptor;
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
 * What is at an absolute, normal path: its directory, its name in it and, unless there is none,
 * the node. Follows links, the last one only where `follows`; raises ENOENT where the directory is
 * not there.
 */
export function find(path, syscall, { follows = true } = {}) {
  let parts = path.split("/").filter((part) => part !== "");
  let links = 0;
  let trail = [];
  let directory = null;
  let node = tree().root;
  let name = "";
  while (parts.length > 0) {
    if (node === undefined) throw fileError("ENOENT", syscall, path);
    if (!node.isDirectory) throw fileError("ENOTDIR", syscall, path);
    directory = node;
    name = parts.shift();
    node = directory.entries.get(name);
    if (node?.target !== undefined && (follows || parts.length > 0)) {
      if (++links > MAX_LINKS) throw fileError("ELOOP", syscall, path);
      const target = node.target.split("/");
      parts = [...(node.target.startsWith("/") ? [] : trail), ...target, ...parts];
      parts = withoutDots(parts);
      trail = [];
      directory = null;
      node = tree().root;
      name = "";
    } else trail.push(name);
  }
  return { directory, name, node, path: `/${trail.join("/")}` };
}

function withoutDots(parts) {
  const kept = [];
  for (const part of parts) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return kept;
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
