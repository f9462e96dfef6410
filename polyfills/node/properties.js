// How classes of Node.js's, which are older than `class`, get their methods and accessors.

/** Methods, enumerable as those of Node.js are. */
export function define(prototype, members) {
  for (const key of Reflect.ownKeys(members)) {
    Object.defineProperty(prototype, key, {
      value: members[key],
      writable: true,
      configurable: true,
      enumerable: typeof key === "string",
    });
  }
}

/** Accessors that show one thing of a half's state. */
export function defineViews(prototype, key, views) {
  for (const name of Object.keys(views)) {
    Object.defineProperty(prototype, name, {
      get() {
        return this[key] ? views[name](this[key], this) : undefined;
      },
      configurable: true,
      enumerable: false,
    });
  }
}
