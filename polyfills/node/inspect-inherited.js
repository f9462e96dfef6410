// What `showHidden` has util.inspect show of the classes that scripts write: their accessors, and
// other properties of their prototypes that are no methods.

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const MAX_PROTOTYPES = 3;
const BUILT_IN = new Set(Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z]/.test(name)));

/** A property of a prototype, which stands among the keys of an object. */
export class Inherited {
  constructor(key, descriptor) {
    this.key = key;
    this.descriptor = descriptor;
  }
}

function classOf(prototype) {
  const Class = getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof Class === "function" && Class.name !== "" ? Class.name : undefined;
}

/** The properties of an object's prototypes, up to the first one of the platform. */
export function inheritedBy(object) {
  const found = [];
  const seen = new Set(["constructor"]);
  let prototype = getPrototypeOf(object);
  for (let layer = 0; prototype !== null && layer < MAX_PROTOTYPES; layer++) {
    if (BUILT_IN.has(classOf(prototype))) break;
    const keys = Reflect.ownKeys(prototype);
    for (const key of keys) {
      if (seen.has(key) || Object.hasOwn(object, key)) continue;
      const descriptor = getOwnPropertyDescriptor(prototype, key);
      if (typeof descriptor.value !== "function") found.push(new Inherited(key, descriptor));
    }
    for (const key of keys) seen.add(key);
    prototype = getPrototypeOf(prototype);
  }
  return found;
}
