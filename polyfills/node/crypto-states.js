// Digests and ciphers under way, which the host keeps by numbers.

import { node_state_drop } from "holdfast:ops";

const abandoned = new FinalizationRegistry(node_state_drop);
let last = 0;

/** A number for the state of `owner`; the state is dropped with it, if not before. */
export function newState(owner) {
  const number = ++last;
  // Without a token to unregister by: the engine would keep an owner that is its own token.
  abandoned.register(owner, number);
  return number;
}

export { node_state_drop as dropState };
