// Structured cloning: into bytes for storage and other isolates, and in place.
//
//   serialize(value)                       bytes in V8's wire format
//   serializeAtHand(value)                 the same, for whoever copies them at once
//   deserialize(bytes)                     the value again
//   deserializeAll(bytes, lengths)         values that lie end to end
//   structuredClone(value, { transfer })   the global function
//   registerCloneable, registerTransferable, refuseToClone: for platform classes
//   RememberingProxy                       the global Proxy; see proxies.js

import "./write-builtins.js";
import "./read-builtins.js";

export { serializeAtHand } from "./at-hand.js";
export { registerCloneable, registerTransferable, refuseToClone } from "./cloneables.js";
export { RememberingProxy } from "./proxies.js";
export { deserialize, deserializeAll } from "./reader.js";
export { structuredClone } from "./structured-clone.js";
export { serialize } from "./writer.js";
