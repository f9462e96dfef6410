// ProgressEvent: https://xhr.spec.whatwg.org/#interface-progressevent

import { Event } from "../events/event.js";
import { defineInterface, requireArguments, toDictionary, toUnsignedLongLong } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";

/** How far something has come. */
export class ProgressEvent extends Event {
  #lengthComputable;
  #loaded;
  #total;

  constructor(type, options = undefined) {
    requireArguments(arguments.length, 1, "'constructor' on 'ProgressEvent'");
    super(type, options);
    const init = toDictionary(options);
    this.#lengthComputable = !!init.lengthComputable;
    this.#loaded = toCount(init.loaded);
    this.#total = toCount(init.total);
  }

  get lengthComputable() {
    return this.#lengthComputable;
  }

  get loaded() {
    return this.#loaded;
  }

  get total() {
    return this.#total;
  }

  static {
    defineInterface(this);
  }
}

refuseToClone(ProgressEvent);

function toCount(value) {
  return value === undefined ? 0 : toUnsignedLongLong(value);
}
