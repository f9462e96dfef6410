// DOMException, the engine's, with a stack like that of other errors: what it says, then the frames
// of the script. https://webidl.spec.whatwg.org/#idl-DOMException

import { complete } from "./error-stack.js";

const Native = globalThis.DOMException;
const { defineProperty, getOwnPropertyDescriptor } = Object;
const { construct, ownKeys } = Reflect;

export function DOMException() {
  if (new.target === undefined)
    throw new TypeError("Class constructor DOMException cannot be invoked without 'new'");
  const made = construct(Native, arguments, new.target);
  const own = getOwnPropertyDescriptor(made, "stack");
  if (own !== undefined) defineProperty(made, "stack", { ...own, value: complete(made, own.value) });
  return made;
}

// Its prototype, and with that what counts as its instance, and its constants.
for (const key of ownKeys(Native))
  defineProperty(DOMException, key, getOwnPropertyDescriptor(Native, key));
const { constructor } = Object.getOwnPropertyDescriptors(Native.prototype);
defineProperty(Native.prototype, "constructor", { ...constructor, value: DOMException });
