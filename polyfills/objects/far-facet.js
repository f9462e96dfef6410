// A facet whose class is another isolate's: that of a Worker which the script has loaded, or of the one
// that has loaded this script. The host gives it a slot, and calls go through the host.

import { facet_close, facet_fetch, facet_is_busy, facet_open_far } from "holdfast:ops";
import { queueTurn } from "../kernel/turns.js";
import { sendThroughHost } from "../rpc/references.js";
import { fetchThroughHost } from "../workers/through-host.js";
import { identityOf } from "../kernel/errors.js";
import { DurableObjectId } from "./id.js";
import { asEnd } from "./remote-error.js";

const EVICTED = "This Durable Object instance is no longer active: it has no facets.";
const ENDED = "Durable Object facet was reset.";
const bySlot = new Map();

/** Entry point: see residents.js. */
export function farFacetGone(slot, reason) {
  bySlot.get(slot)?.gone(Object.assign(new Error(reason), { durableObjectReset: true }));
}

/**
 * A promise of the facet that `parent` has under a name, of the class that the host knows as `token`.
 * `onGone(error)` is told of its end, unless that comes by `evict`.
 */
export async function openFarFacet(parent, name, token, id, onGone) {
  const depth = parent.facetDepth + 1;
  const slot = await facet_open_far(parent.slot, name, token, JSON.stringify(idTold(id)), depth);
  return new FarFacet(slot, onGone);
}

function idTold(id) {
  if (!(id instanceof DurableObjectId)) return { text: id };
  return { hex: `${id}`, name: id.name, jurisdiction: id.jurisdiction };
}

/** As the inside of a facet that lives here; see facets.js. */
class FarFacet {
  #slot;
  #onGone;
  #waiting = new Set(); // { caller, reject } of those who wait for an answer
  error = null;

  constructor(slot, onGone) {
    this.#slot = slot;
    this.#onGone = onGone;
    bySlot.set(slot, this);
  }

  get isBusy() {
    return this.#waiting.size > 0 || facet_is_busy(this.#slot);
  }

  send(caller, path, message) {
    return this.#answer(caller, sendThroughHost(`f${this.#slot}`, caller, path, message));
  }

  fetch(caller, record) {
    return this.#answer(caller, fetchThroughHost(facet_fetch, this.#slot, this, caller, record));
  }

  // Whatever ends the facet here is said before the host can say it.
  #answer(caller, answer) {
    return new Promise((resolve, reject) => {
      const waiting = { caller, reject };
      this.#waiting.add(waiting);
      const forget = () => this.#waiting.delete(waiting);
      answer.then(resolve, reject).then(forget, forget);
    });
  }

  gone(error) {
    this.#end(error);
    this.#onGone(error);
  }

  end(error) {
    if (this.error !== null) return;
    this.#end(error);
    this.#onGone(error);
    facet_close(this.#slot, identityOf(error)[1] || ENDED);
    for (const { caller, reject } of this.#waiting) queueTurn(caller, reject, asEnd(error));
  }

  evict() {
    if (this.error !== null) return;
    this.#end(new Error(EVICTED));
    facet_close(this.#slot, "");
  }

  #end(error) {
    this.error = error;
    bySlot.delete(this.#slot);
  }
}
