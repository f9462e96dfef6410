// Patterns with the flag `v` that have a hyphen, a slash, or punctuation twice, outside of a class:
// QuickJS throws at what only classes may not have. So it is told of them by their numbers.
// https://tc39.es/ecma262/#prod-ClassSetReservedDoublePunctuator

import { lazily } from "../kernel/lazy.js";

const manyGroups = lazily("language/regexp-groups.js");

const { apply, construct } = Reflect;
const { defineProperties, getOwnPropertyDescriptor, getOwnPropertyDescriptors } = Object;
const { replace } = String.prototype;
const { match } = Symbol;
const Native = RegExp;
const { get: sourceOf } = getOwnPropertyDescriptor(Native.prototype, "source");

// Beside what is looked for, that in which such characters mean something else.
const TOKEN =
  /\\(?:[pPu]\{[^}]*\}|k<[^>]*>|[^])|\(\?(?:<?[=!]|<[^>]*>|[a-z-]*:)|[[\]/-]|([!#%&,:;<=>@`~])(?=\1)/g;

function withNumbers(pattern) {
  let depth = 0;
  return apply(replace, pattern, [
    TOKEN,
    (token, doubled) => {
      if (token === "[") depth++;
      else if (token === "]") depth--;
      else if (depth === 0 && (token === "-" || token === "/" || doubled !== undefined))
        return `\\x${token.charCodeAt(0).toString(16)}`;
      return token;
    },
  ]);
}

const isRegExp = (value) => {
  const matcher = Object(value) === value ? value[match] : undefined;
  return matcher === undefined ? value instanceof Native : Boolean(matcher);
};

// What QuickJS says of a pattern that has more groups than it counts.
const TOO_MANY = "too many captures";

let hasDivided = false;

const sourceIn = (regexp) =>
  (hasDivided ? manyGroups().patternOf(regexp) : undefined) ?? apply(sourceOf, regexp, []);

/** A RegExp that understands such patterns, for scripts that may have some. */
export function makeRegExp() {
  function RegExp(pattern, flags) {
    const target = new.target;
    if (target === undefined && flags === undefined && isRegExp(pattern) && pattern.constructor === RegExp)
      return pattern;
    if (typeof flags === "string" && flags.includes("v") && pattern !== undefined)
      pattern = withNumbers(pattern instanceof Native ? sourceIn(pattern) : `${pattern}`);
    try {
      return construct(Native, [pattern, flags], target ?? RegExp);
    } catch (error) {
      if (error?.message !== TOO_MANY) throw error;
      hasDivided = true;
      return manyGroups().divide(pattern, flags, target ?? RegExp);
    }
  }
  defineProperties(RegExp, getOwnPropertyDescriptors(Native));
  defineProperties(Native.prototype, { constructor: { value: RegExp } });
  return RegExp;
}
