// Where what a script fetches goes, unless it goes to the network.

const { apply } = Reflect;

/** `outbound(request)`, a promise of the response; null where the network is asked. */
export let outbound = null;

/** Have all that is fetched go to a stub's `fetch`. */
export function sendBy(stub) {
  const { fetch } = stub;
  outbound = (request) => apply(fetch, stub, [request]);
}
