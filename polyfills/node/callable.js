// Classes of Node.js's that are older than `class`, and may be called without `new`.

/** The class as a function of this name that makes an instance either way, and can be extended. */
export function callable(Class, name) {
  function Callable(...args) {
    return Reflect.construct(Class, args, new.target ?? Class);
  }
  Object.setPrototypeOf(Callable, Class);
  Object.defineProperty(Callable, "name", { value: name });
  Object.defineProperty(Callable, "prototype", { value: Class.prototype, writable: false });
  Object.defineProperty(Class.prototype, "constructor", { value: Callable });
  return Callable;
}
