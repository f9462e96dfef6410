// Date's setters where the engine departs from the standard: given what is no number, it leaves
// the date as it was. https://tc39.es/ecma262/#sec-date.prototype.setfullyear

const { prototype } = Date;
const { apply, defineProperty, ownKeys } = Reflect;
const { setTime } = prototype;

for (const name of ownKeys(prototype)) {
  if (typeof name !== "string" || !/^set(?!Time)/.test(name)) continue;
  const native = prototype[name];
  const setter = {
    [name](_value) {
      const time = apply(native, this, arguments);
      if (time !== time) apply(setTime, this, [NaN]);
      return time;
    },
  }[name];
  defineProperty(setter, "length", { value: native.length, configurable: true });
  defineProperty(prototype, name, { value: setter, writable: true, configurable: true });
}
