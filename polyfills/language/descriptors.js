// A global that is loaded when a script first asks for it is an accessor until then, which no
// script is to see: elsewhere it is a property with a value. So whoever asks for its descriptor
// has it loaded.
// https://webidl.spec.whatwg.org/#define-the-global-property-references

const { defineProperty, getOwnPropertyDescriptor, getOwnPropertyDescriptors } = Object;
const getOwnPropertyDescriptorOfObject = Reflect.getOwnPropertyDescriptor;
const waiting = { __proto__: null }; // names of those that nobody has asked for

/** Have the descriptor of this global accessor be that of its value. */
export function hideAccessor(name) {
  waiting[name] = true;
}

function load(name) {
  if (typeof name !== "string" || !waiting[name]) return;
  waiting[name] = false;
  globalThis[name];
}

const ofObject = {
  getOwnPropertyDescriptor(object, name) {
    if (object === globalThis) load(name);
    return getOwnPropertyDescriptor(object, name);
  },
  getOwnPropertyDescriptors(object) {
    if (object === globalThis) for (const name in waiting) load(name);
    return getOwnPropertyDescriptors(object);
  },
};

const ofReflect = {
  getOwnPropertyDescriptor(target, name) {
    if (target === globalThis) load(name);
    return getOwnPropertyDescriptorOfObject(target, name);
  },
};

for (const [target, functions] of [
  [Object, ofObject],
  [Reflect, ofReflect],
]) {
  for (const name of Object.keys(functions)) {
    defineProperty(target, name, { value: functions[name] });
  }
}
