// File: https://w3c.github.io/FileAPI/#file-section

import { defineView } from "../console/views.js";
import {
  defineInterface,
  isObject,
  requireArguments,
  toLongLong,
  toUSVString,
} from "../kernel/webidl.js";
import { registerCloneable } from "../serialize/index.js";
import { Blob, blobBytes, bytesForSuper, joinParts, toBag, toParts } from "./blob.js";

const FROM_BYTES = {};

/** Whether the value is a File. */
export let isFile;

/** A Blob with a name and the time of its last change. */
export class File extends Blob {
  #name;
  #lastModified;

  constructor(parts, name, options = undefined) {
    if (parts === FROM_BYTES) {
      super(...bytesForSuper(options.bytes, options.type));
      this.#name = name;
      this.#lastModified = options.lastModified;
      return;
    }
    requireArguments(arguments.length, 2, "'constructor' on 'File'");
    const elements = toParts(parts, "File");
    const fileName = toUSVString(name);
    const { endings, type } = toBag(options);
    const lastModified = options?.lastModified;
    super(...bytesForSuper(joinParts(elements, endings), type));
    this.#name = fileName;
    this.#lastModified = lastModified === undefined ? Date.now() : toLongLong(lastModified);
  }

  static {
    isFile = (value) => isObject(value) && #name in value;
  }

  get name() {
    return this.#name;
  }

  /** Milliseconds since the Unix epoch. */
  get lastModified() {
    return this.#lastModified;
  }
}

defineInterface(File);
defineView(File, ["name", "lastModified"]);

// Cloned in place only: workerd has no tag for files, so storage refuses them there and here.
registerCloneable(File, {
  write(file, sink) {
    sink.text(file.name);
    sink.text(file.type);
    sink.value(file.lastModified);
    sink.bytes(blobBytes(file));
  },
  read(source) {
    const [name, type, lastModified] = [source.text(), source.text(), source.value()];
    return fileFromBytes(source.bytes(), name, type, lastModified);
  },
  isInstance: isFile,
});

/** A file of these bytes, which nobody changes any more, with a type as it stands. */
export function fileFromBytes(bytes, name, type, lastModified = Date.now()) {
  return new File(FROM_BYTES, name, { bytes, type, lastModified });
}
