// Objects whose storage failed within the turn that runs: whatever comes next in the same
// breath must not find them alive. What fails at other times the host tells by itself.

import { WORD_STORES_BROKEN } from "holdfast:constants";
import { shared, storage_take_broken } from "holdfast:ops";

let reset;

/** Have `callback(slot, message, flags)` called for each. */
export function whenBroken(callback) {
  reset = callback;
}

/** Reset the objects whose storage has failed. To be called before an event, and an answer. */
export function resetBroken() {
  if (shared[WORD_STORES_BROKEN] === 0) return;
  shared[WORD_STORES_BROKEN] = 0;
  for (const [slot, message, flags] of JSON.parse(storage_take_broken())) reset(slot, message, flags);
}
