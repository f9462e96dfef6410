// Iterators that go on from other iterators, as those of `map` and of `Iterator.from` do. QuickJS has
// one of them ask the next without looking how deep it is by then, so a chain of a hundred
// thousand ended the process. A function of JavaScript in between is one that it looks at.
// https://tc39.es/ecma262/#sec-%iteratorhelperprototype%-object

const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { apply } = Reflect;

const none = [].values();
const same = (value) => value;
const made = [
  Iterator.from({ next: same }),
  Iterator.concat(),
  none.map(same),
  none.chunks?.(1),
  none.windows?.(1),
  Iterator.zip?.([]),
  Iterator.zipKeyed?.({}),
];

for (const prototype of new Set(made.filter(Boolean).map(getPrototypeOf))) {
  for (const name of ["next", "return"]) {
    const own = getOwnPropertyDescriptor(prototype, name);
    const native = own.value;
    const method = {
      [name]() {
        return apply(native, this, []);
      },
    }[name];
    defineProperty(prototype, name, { ...own, value: method });
  }
}
