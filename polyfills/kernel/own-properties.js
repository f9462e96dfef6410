// Properties that an object of the runtime has itself, as in workerd: they are listed and spread,
// `Object.create(object)` inherits them, and scripts may put something else in their place.

const { defineProperty, getOwnPropertyDescriptor } = Object;

const setters = new Map();

/** Give an object a property with this value. */
export function ownValue(object, name, value) {
  defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

/** Give an object a property whose value `make()` has when somebody asks for it. */
export function ownLazily(object, name, make) {
  const set = setters.get(name) ?? newSetter(name);
  defineProperty(object, name, { get: make, set, enumerable: true, configurable: true });
}

/** Let objects have values of their own in place of the properties that their class gives them. */
export function makeReplaceable(prototype, names) {
  for (const name of names) {
    const { get } = getOwnPropertyDescriptor(prototype, name);
    defineProperty(prototype, name, { get, set: newSetter(name), enumerable: true, configurable: true });
  }
}

function newSetter(name) {
  const set = function (value) {
    ownValue(this, name, value);
  };
  setters.set(name, set);
  return set;
}
