// `/bundle`: a script's modules as files that can be read. All trees have the same, and what is in
// a file is asked for when somebody reads it.
// https://developers.cloudflare.com/workers/runtime-apis/nodejs/fs/

import { bundle_list, bundle_read } from "holdfast:ops";
import { constants } from "./fs-constants.js";
import { Node } from "./fs-node.js";

const { S_IFDIR, S_IFREG } = constants;

class ModuleFile extends Node {
  #name;

  constructor(ino, name, size) {
    super(null, S_IFREG | 0o444, ino);
    this.#name = name;
    this.size = size;
    this.atime = this.mtime = this.ctime = this.birthtime = 0;
  }

  read(position, length) {
    if (this.size > 0 && this.bytes.length === 0) this.bytes = bundle_read(this.#name);
    return super.read(position, length);
  }
}

/** The directory; its nodes have numbers from `ino` on. */
export function makeBundle(ino) {
  const directory = () => new Node(null, S_IFDIR | 0o555, ino++);
  const bundle = directory();
  const modules = JSON.parse(bundle_list());
  for (const module of Object.keys(modules)) {
    const parts = module.split("/").filter((part) => part !== "" && part !== "." && part !== "..");
    const name = parts.pop();
    let place = bundle;
    for (const part of parts) {
      if (!place.entries.has(part)) place.entries.set(part, directory());
      place = place.entries.get(part);
      if (!place.isDirectory) break;
    }
    if (name === undefined || !place.isDirectory) continue;
    place.entries.set(name, new ModuleFile(ino++, module, modules[module]));
  }
  return bundle;
}
