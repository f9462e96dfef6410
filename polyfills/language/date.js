// Date where the engine departs from the standard or from V8. Its setters leave a date as it was
// that are given what is no number: https://tc39.es/ecma262/#sec-date.prototype.setfullyear
// Its texts lack the time zone's name, which is left to engines: https://tc39.es/ecma262/#sec-timezoneestring

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

const ZONE = " (Coordinated Universal Time)"; // where scripts live

for (const name of ["toString", "toTimeString"]) {
  const native = prototype[name];
  const method = {
    [name]() {
      const text = apply(native, this, []);
      return text === "Invalid Date" ? text : text + ZONE;
    },
  }[name];
  defineProperty(prototype, name, { value: method, writable: true, configurable: true });
}
