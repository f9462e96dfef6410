// The methods of built-in objects that take locales, by way of Intl, which is loaded by the
// first call of one. https://tc39.es/ecma402/#locale-sensitive-functions

import { lazily } from "../kernel/lazy.js";

const intl = lazily("intl/intl.js");
const casing = lazily("intl/casing.js");
const { apply } = Reflect;
const numberValue = Number.prototype.valueOf;
const bigintValue = BigInt.prototype.valueOf;
const dateTime = Date.prototype.getTime;
const { toUpperCase, toLowerCase } = String.prototype;
const TypedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const { join } = Array.prototype;
const typedArrayLength = Object.getOwnPropertyDescriptor(TypedArrayPrototype, "length").get;

const MAX_PRESETS = 32;
const presets = new Map(); // formatters without options, by what they are for and their locale

/** What `make()` gives, kept where there are no options, and one locale at most. */
function preset(kind, locales, options, make) {
  if (options !== undefined || (locales !== undefined && typeof locales !== "string")) return make();
  const key = `${kind} ${locales}`;
  let formatter = presets.get(key);
  if (formatter === undefined) {
    formatter = make();
    if (presets.size === MAX_PRESETS) presets.clear();
    presets.set(key, formatter);
  }
  return formatter;
}

function numberFormat(locales, options) {
  return preset("number", locales, options, () => new (intl().NumberFormat)(locales, options));
}

function collator(locales, options) {
  return preset("text", locales, options, () => new (intl().Collator)(locales, options));
}

function dateFormat(locales, options, required, defaults) {
  const make = () => intl().formatFor(locales, options, required, defaults);
  return preset(defaults, locales, options, make);
}

function formatted(date, locales, options, required, defaults) {
  const time = apply(dateTime, date, []);
  if (time !== time) return "Invalid Date";
  return dateFormat(locales, options, required, defaults).format(time);
}

function textOf(value, method) {
  if (value === null || value === undefined)
    throw new TypeError(`String.prototype.${method} called on null or undefined`);
  return `${value}`;
}

function cased(text, locales, toUpper) {
  const own = locales === undefined ? undefined : casing().casedFor(locales, text, toUpper);
  return own ?? apply(toUpper ? toUpperCase : toLowerCase, text, []);
}

const underWay = new Set(); // arrays, of which one may have itself as an element

/** The elements' own texts. The engine gives them no locales and options. */
function elementTexts(array, length, locales, options) {
  if (underWay.has(array)) return "";
  underWay.add(array);
  try {
    const texts = [];
    for (let i = 0; i < length; i++) {
      const element = array[i];
      const isThere = element !== null && element !== undefined;
      texts[i] = isThere ? `${element.toLocaleString(locales, options)}` : "";
    }
    return apply(join, texts, [","]);
  } finally {
    underWay.delete(array);
  }
}

const methods = [
  [
    Array.prototype,
    {
      toLocaleString(locales = undefined, options = undefined) {
        const array = Object(this);
        return elementTexts(array, Math.trunc(Number(array.length)) || 0, locales, options);
      },
    },
  ],
  [
    TypedArrayPrototype,
    {
      toLocaleString(locales = undefined, options = undefined) {
        return elementTexts(this, apply(typedArrayLength, this, []), locales, options);
      },
    },
  ],
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
        const [left, right] = [textOf(this, "localeCompare"), `${that}`];
        return collator(locales, options).compare(left, right);
      },
      toLocaleUpperCase(locales = undefined) {
        return cased(textOf(this, "toLocaleUpperCase"), locales, true);
      },
      toLocaleLowerCase(locales = undefined) {
        return cased(textOf(this, "toLocaleLowerCase"), locales, false);
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
