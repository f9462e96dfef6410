// The methods of built-in objects that take locales, by way of Intl, which is loaded by the
// first call of one. https://tc39.es/ecma402/#locale-sensitive-functions

import { lazily } from "../kernel/lazy.js";

const intl = lazily("intl/intl.js");
const { apply } = Reflect;
const numberValue = Number.prototype.valueOf;
const bigintValue = BigInt.prototype.valueOf;
const dateTime = Date.prototype.getTime;

const presets = new Map(); // formatters without locales and options, by what they are for

function preset(kind, make) {
  let formatter = presets.get(kind);
  if (formatter === undefined) presets.set(kind, (formatter = make()));
  return formatter;
}

function numberFormat(locales, options) {
  const { NumberFormat } = intl();
  if (locales === undefined && options === undefined) {
    return preset("number", () => new NumberFormat());
  }
  return new NumberFormat(locales, options);
}

function collator(locales, options) {
  const { Collator } = intl();
  if (locales === undefined && options === undefined) return preset("text", () => new Collator());
  return new Collator(locales, options);
}

function dateFormat(locales, options, required, defaults) {
  const make = () => intl().formatFor(locales, options, required, defaults);
  return locales === undefined && options === undefined ? preset(defaults, make) : make();
}

function formatted(date, locales, options, required, defaults) {
  const time = apply(dateTime, date, []);
  if (time !== time) return "Invalid Date";
  return dateFormat(locales, options, required, defaults).format(time);
}

const methods = [
  [
    Number.prototype,
    {
      toLocaleString(locales = undefined, options = undefined) {
        const value = apply(numberValue, this, []);
        return numberFormat(locales, options).format(value);
      },
    },
  ],
  [
    BigInt.prototype,
    {
      toLocaleString(locales = undefined, options = undefined) {
        const value = apply(bigintValue, this, []);
        return numberFormat(locales, options).format(value);
      },
    },
  ],
  [
    Date.prototype,
    {
      toLocaleString(locales = undefined, options = undefined) {
        return formatted(this, locales, options, "any", "all");
      },
      toLocaleDateString(locales = undefined, options = undefined) {
        return formatted(this, locales, options, "date", "date");
      },
      toLocaleTimeString(locales = undefined, options = undefined) {
        return formatted(this, locales, options, "time", "time");
      },
    },
  ],
  [
    String.prototype,
    {
      localeCompare(that, locales = undefined, options = undefined) {
        if (this === null || this === undefined)
          throw new TypeError("String.prototype.localeCompare called on null or undefined");
        const [left, right] = [`${this}`, `${that}`];
        return collator(locales, options).compare(left, right);
      },
    },
  ],
];
for (const [prototype, members] of methods) {
  for (const name of Object.keys(members)) {
    Object.defineProperty(prototype, name, {
      value: members[name],
      writable: true,
      configurable: true,
    });
  }
}
