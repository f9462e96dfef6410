// Where what a script fetches, and connects to, goes, unless it goes to the network.

const { apply } = Reflect;

/** `outbound(request)`, a promise of the response; null where the network is asked. */
export let outbound = null;

/** `connectBy(address, options)`, a Socket; null where the network is asked. */
export let connectBy = null;

/** Have all that is fetched go to a stub's `fetch`, and connections to its `connect`. */
export function sendBy(stub) {
  const { fetch, connect } = stub;
  outbound = (request) => apply(fetch, stub, [request]);
  connectBy = (address, options) => apply(connect, stub, [address, options]);
}
