// Shapes: what the engine knows of objects that are alike, their prototype and properties.
//
// It forgets a shape with the last object that has it, the ones in between included, through
// which an object goes while it gets its properties. Then it builds them anew, property by
// property, for whatever a request makes, which costs as much as the rest of making it. So of
// what requests are made of, an object is kept for each of these steps.

const { create, defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { ownKeys } = Reflect;

const kept = [];

/**
 * Keep the shapes of objects that are made as `example` was: empty, then with its properties, one
 * after the other, and then with those of `later`.
 */
export function keepShapes(example, later = []) {
  const own = ownKeys(example).map((name) => [name, getOwnPropertyDescriptor(example, name)]);
  kept.push(example);
  for (let count = 0; count <= own.length + later.length; count++) {
    const object = create(getPrototypeOf(example));
    for (const [name, descriptor] of own.slice(0, count)) defineProperty(object, name, descriptor);
    for (const name of later.slice(0, Math.max(0, count - own.length))) object[name] = undefined;
    kept.push(object);
  }
}

// What the engine makes for each promise.
new Promise((resolve) => keepShapes(resolve));
