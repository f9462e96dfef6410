// Proxies are told from their targets, which JavaScript alone cannot do.
//
// Structured cloning refuses exotic objects. The `Proxy` that scripts see is this one:
// it remembers what it made. As long as no script makes a proxy, nobody pays.

const NativeProxy = Proxy;
const { defineProperties } = Object;
const { revocable } = NativeProxy;
const { apply } = Reflect;
const has = WeakSet.prototype.has;
const add = WeakSet.prototype.add;
let made = null;

/** Whether a script has made a proxy yet. */
export let proxiesExist = false;

function remember(proxy) {
  made ??= new WeakSet();
  proxiesExist = true;
  apply(add, made, [proxy]);
  return proxy;
}

/** Whether the object is a proxy that a script made. */
export function isKnownProxy(value) {
  return proxiesExist && apply(has, made, [value]);
}

// A bound function is a constructor without `prototype`, as Proxy is.
// https://tc39.es/ecma262/#sec-proxy-constructor
const RememberingProxy = function (target, handler) {
  if (new.target === undefined) throw new TypeError("Constructor Proxy requires 'new'");
  return remember(new NativeProxy(target, handler));
}.bind();

defineProperties(RememberingProxy, {
  name: { value: "Proxy", configurable: true },
  length: { value: 2, configurable: true },
  revocable: {
    value: {
      revocable(target, handler) {
        const result = apply(revocable, NativeProxy, [target, handler]);
        remember(result.proxy);
        return result;
      },
    }.revocable,
    writable: true,
    configurable: true,
  },
});

export { RememberingProxy };
