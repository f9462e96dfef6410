// What facets have stored, removed or replaced: see facets.js.
//
// The host removes it at once, and says later when that is durable; what their object tells
// others leaves only then.

import { facet_clone, facet_erase, facet_settled } from "holdfast:ops";
import { onBehalfOf } from "../kernel/current.js";
import { asEnd } from "./remote-error.js";

const DELETED = "Facet was deleted.";
const CLONED_OVER = "Facet was cloned-over.";

/** Remove all that a facet holds. Without a name, all that the instance's facets do. */
export function eraseFacets(instance, name) {
  for (const [known, facet] of [...(instance.facets ?? [])]) {
    if (name === undefined || known === name) facet.end(asEnd(new Error(DELETED)));
  }
  if (facet_erase(instance.slot, name)) awaitDurability(instance);
}

/** Have the facet `target` hold what the facet `source` does. */
export function cloneFacet(instance, source, target) {
  instance.facets?.get(target)?.end(asEnd(new Error(CLONED_OVER)));
  if (source !== target && facet_clone(instance.slot, source, target)) awaitDurability(instance);
}

// A critical section may wait for this, whoever has begun it.
function awaitDurability(instance) {
  const { outputGate } = instance;
  const settled = onBehalfOf(instance.control, () => facet_settled(instance.slot));
  outputGate.lockWhile(settled, (error) => {
    instance.reset(error);
    outputGate.break(error); // of an instance that had ended, with answers that wait for this
  });
}
