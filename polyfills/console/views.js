// How the inspector shows objects of platform classes, whose state is private: as the
// attributes that the class names here. Their getters are kept from the start, so that
// showing an object runs no code of a script.

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { apply } = Reflect;

const views = new Map();
const lists = new Map();

/**
 * Have instances of `Class` shown with these attributes of its prototype, after those
 * of the classes it derives from. `defineView(AbortSignal, ["aborted"])`
 */
export function defineView(Class, attributes) {
  const own = attributes.map((name) => [name, getOwnPropertyDescriptor(Class.prototype, name).get]);
  const inherited = views.get(getPrototypeOf(Class.prototype)) ?? [];
  views.set(Class.prototype, [...inherited, ...own]);
}

/** Have instances of `Class` shown as a Map of the pairs that `pairAt(value, index)` gives. */
export function defineListView(Class, pairAt) {
  lists.set(Class.prototype, pairAt);
}

/** The pairs of a value of this prototype's class; undefined where it has no list. */
export function pairsOf(value, prototype) {
  const pairAt = lists.get(prototype);
  if (pairAt === undefined) return undefined;
  const pairs = [];
  for (let pair = pairAt(value, 0); pair !== undefined; pair = pairAt(value, pairs.length))
    pairs.push(pair);
  return pairs;
}

/** Whether objects with this prototype in their chain have a view. */
export function hasView(prototype) {
  return views.has(prototype);
}

/** The attributes as [name, value] pairs; throws for what only inherits from the class. */
export function viewOf(value, prototype) {
  return views.get(prototype).map(([name, get]) => [name, apply(get, value, [])]);
}
