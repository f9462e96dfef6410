// structuredClone and transfer.
// https://html.spec.whatwg.org/multipage/structured-data.html#dom-structuredclone

import { isKeptFromTransfer, transferBuffer } from "../kernel/buffers.js";
import { isDetached, isShared, viewOf } from "./buffers.js";
import { Cloning } from "./clone.js";
import { transferableRecord } from "./cloneables.js";
import { DETACHED, dataCloneError } from "./errors.js";
import { kindOf, BUFFER, PLATFORM } from "./kinds.js";

const { getPrototypeOf } = Object;
const WHERE = "Failed to execute 'structuredClone'";

/**
 * A deep copy of a value, as scripts see it. `options.transfer` lists objects that move
 * into the copy instead. Throws a DataCloneError for what cannot be cloned or moved.
 */
export function structuredClone(value, options = undefined) {
  if (arguments.length === 0) {
    throw new TypeError(`${WHERE}: 1 argument required, but only 0 present.`);
  }
  const transfer = options === undefined ? [] : transferOf(options);
  return transfer.length === 0 ? new Cloning().clone(value) : cloneAndMove(value, transfer);
}

/** https://html.spec.whatwg.org/multipage/web-messaging.html#structuredserializeoptions */
function transferOf(options) {
  if (options === null || options === undefined) return [];
  if (typeof options !== "object" && typeof options !== "function") {
    throw new TypeError(`${WHERE}: the options are not an object.`);
  }
  const { transfer } = options;
  if (transfer === undefined) return [];
  if (transfer === null || typeof transfer !== "object" || transfer[Symbol.iterator] == null) {
    throw new TypeError(`${WHERE}: 'transfer' is not a sequence of objects.`);
  }
  const list = [...transfer];
  for (const item of list) {
    if (item === null || (typeof item !== "object" && typeof item !== "function")) {
      throw new TypeError(`${WHERE}: 'transfer' has an item that is not an object.`);
    }
  }
  return list;
}

/**
 * Objects move only once all else is cloned, so that a failure leaves them as they are.
 * So cloning goes in two rounds: in the first, an object that is to move stands for
 * itself; the second clones that first clone, with the moved objects in their place.
 * https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializewithtransfer
 */
function cloneAndMove(value, transfer) {
  const first = new Cloning();
  for (const item of transfer) {
    if (!isTransferable(item)) throw dataCloneError("Object is not transferable.");
    if (first.clones.has(item)) {
      throw dataCloneError("An object is more than once in the transfer list.");
    }
    first.clones.set(item, item);
  }
  const copy = first.clone(value);
  for (const item of transfer) {
    if (isBuffer(item) && isDetached(item)) throw dataCloneError(DETACHED);
  }
  const second = new Cloning();
  for (const item of transfer) second.clones.set(item, move(item));
  for (const { standIn, facts } of first.pendingViews) {
    second.clones.set(standIn, viewOf(second.clones.get(facts.buffer), facts));
  }
  return second.clone(copy);
}

const kind = (object) =>
  typeof object === "function" ? undefined : kindOf(object, getPrototypeOf(object));
const isBuffer = (object) => kind(object) === BUFFER;

function isTransferable(object) {
  if (isBuffer(object)) return !isShared(object) && !isKeptFromTransfer(object);
  return kind(object) === PLATFORM && transferableRecord(object) !== null;
}

function move(object) {
  if (isBuffer(object)) return transferBuffer(object);
  const { transfer, receive } = transferableRecord(object);
  return receive(transfer(object));
}
