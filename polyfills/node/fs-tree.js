// The files of a Worker: a tree in memory, where only `/tmp` can be written to.
// https://developers.cloudflare.com/workers/runtime-apis/nodejs/fs/
//
// Each event has a tree of its own, as each object has, and it goes with them; so does what is
// open, and the working directory.

import { currentContext } from "../kernel/current.js";
import { makeBundle } from "./fs-bundle.js";
import { constants } from "./fs-constants.js";
import { fileError } from "./fs-errors.js";
import { Node } from "./fs-node.js";

const { S_IFCHR, S_IFDIR } = constants;
const MAX_LINKS = 40;
const MAX_PATH = 4095; // as on Linux, but of characters
const MAX_NAME = 255;
const FIRST_OF_BUNDLE = 2 ** 31; // number of a node

let bundle; // one for all

class Tree {
  used = 0;
  descriptors = new Map();
  #number = 0;
  #descriptor = 2;
  root;
  working; // the way to the working directory, from the root on: [name, node]

  constructor() {
    const fixed = (mode) => new Node(null, mode, ++this.#number);
    this.root = fixed(S_IFDIR | 0o555);
    const dev = fixed(S_IFDIR | 0o555);
    for (const name of ["null", "zero", "full", "random"]) {
      const device = fixed(S_IFCHR | 0o666);
      device.device = name;
      dev.entries.set(name, device);
    }
    this.root.entries.set("bundle", (bundle ??= makeBundle(FIRST_OF_BUNDLE)));
    this.root.entries.set("tmp", this.make(S_IFDIR | 0o777));
    this.root.entries.set("dev", dev);
    this.working = [["bundle", bundle]];
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
 * none, the node. A relative path begins at the working directory. Follows links, the last one only where
 * `follows`; raises ENOENT where the directory is not there.
 */
export function find(path, syscall, { follows = true } = {}) {
  if (path === "") throw fileError("ENOENT", syscall, path);
  const { root, working } = tree();
  const parts = path.split("/").reverse();
  if (path.length > MAX_PATH || parts.some((part) => part.length > MAX_NAME))
    throw fileError("ENAMETOOLONG", syscall, path);
  let trail = path.startsWith("/") ? [] : [...working]; // from the root on: [name, node]
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
    trail,
    directory: trail.length === 0 ? null : (trail.at(-2)?.[1] ?? root),
    name,
    node,
    path: pathOf(trail),
  };
}

/** The same, where something has to be there. */
export function found(path, syscall, options = undefined) {
  const place = find(path, syscall, options);
  if (place.node === undefined) throw fileError("ENOENT", syscall, path);
  return place;
}

const pathOf = (trail) => `/${trail.map(([name]) => name).join("/")}`;

/** The path of the working directory. */
export function workingDirectory() {
  return pathOf(tree().working);
}

/** Make another directory the working one. */
export function changeDirectory(path) {
  const { trail, node } = found(path, "chdir");
  if (!node.isDirectory) throw fileError("ENOTDIR", "chdir", path);
  tree().working = trail;
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
