// Intl.Collator for English, in the manner of the Unicode Collation Algorithm: letters first, then
// accents, then case. https://tc39.es/ecma402/#collator-objects

import { callable, optionOf, optionsFrom, resolveLocale } from "./locales.js";

const OWNER = "Intl.Collator";
// Punctuation goes before digits, and those before letters; in this order among themselves.
const PUNCTUATION = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
const EXPANSIONS = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ł: "l", þ: "th" };

function letterKey(character) {
  if (/\s/.test(character)) return 1;
  const at = PUNCTUATION.indexOf(character);
  if (at !== -1) return 2 + at;
  const code = character.codePointAt(0);
  if (/[\p{P}\p{S}]/u.test(character)) return 100 + code;
  return (/\p{N}/u.test(character) ? 0x200000 : 0x400000) + code;
}

// Most texts are ASCII, and most are compared as they are: then this decides.
const NOT_ASCII = /[^\x00-\x7f]/;
const WEIGHTS = Array.from({ length: 128 }, (_, code) =>
  letterKey(String.fromCharCode(code).toLowerCase()),
);

function compareAscii(left, right) {
  const length = Math.min(left.length, right.length);
  let byCase = 0;
  for (let i = 0; i < length; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a === b) continue;
    const order = WEIGHTS[a] - WEIGHTS[b];
    if (order !== 0) return order < 0 ? -1 : 1;
    if (byCase === 0) byCase = a > b ? -1 : 1; // small letters come first
  }
  if (left.length !== right.length) return left.length < right.length ? -1 : 1;
  return byCase;
}

/** The characters of a text as `[letter, accents, case]`. */
function elementsOf(text) {
  const elements = [];
  for (const character of text.normalize("NFD")) {
    if (/\p{M}/u.test(character)) {
      if (elements.length > 0) elements.at(-1).accents += character;
      continue;
    }
    const lower = character.toLowerCase();
    const expanded = EXPANSIONS[lower];
    const upper = lower === character ? 0 : 1;
    for (const letter of expanded ?? lower)
      elements.push({ letter, accents: expanded ? "+" : "", upper });
  }
  return elements;
}

function numbersIn(elements) {
  const joined = [];
  for (const element of elements) {
    const last = joined.at(-1);
    if (/\d/.test(element.letter) && last?.number !== undefined)
      last.number = last.number * 10n + BigInt(element.letter);
    else
      joined.push(
        /\d/.test(element.letter) ? { ...element, number: BigInt(element.letter) } : element,
      );
  }
  return joined;
}

class Collator {
  #locale;
  #settings;
  #isPlain;
  #bound;

  constructor(locales = undefined, options = undefined) {
    this.#locale = resolveLocale(locales);
    const given = optionsFrom(options);
    this.#settings = {
      usage: optionOf(given, "usage", ["sort", "search"], "sort", OWNER),
      sensitivity: optionOf(
        given,
        "sensitivity",
        ["base", "accent", "case", "variant"],
        "variant",
        OWNER,
      ),
      ignorePunctuation: Boolean(given.ignorePunctuation),
      collation: "default",
      numeric: Boolean(given.numeric),
      caseFirst: optionOf(given, "caseFirst", ["upper", "lower", "false"], "false", OWNER),
    };
    const { sensitivity, ignorePunctuation, numeric, caseFirst } = this.#settings;
    this.#isPlain =
      sensitivity === "variant" && !ignorePunctuation && !numeric && caseFirst !== "upper";
  }

  get compare() {
    return (this.#bound ??= (left, right) => this.#compare(`${left}`, `${right}`));
  }

  resolvedOptions() {
    return { locale: this.#locale, ...this.#settings };
  }

  #compare(left, right) {
    if (left === right) return 0;
    const { sensitivity, numeric, ignorePunctuation, caseFirst } = this.#settings;
    if (this.#isPlain && !NOT_ASCII.test(left) && !NOT_ASCII.test(right)) {
      return compareAscii(left, right);
    }
    let [a, b] = [elementsOf(left), elementsOf(right)];
    if (ignorePunctuation)
      [a, b] = [a, b].map((list) => list.filter(({ letter }) => !/[\p{P}\s]/u.test(letter)));
    if (numeric) [a, b] = [numbersIn(a), numbersIn(b)];
    const base = firstDifference(a, b, compareLetters);
    if (base !== 0 || sensitivity === "base") return base;
    if (sensitivity !== "case") {
      const accents = firstDifference(a, b, (x, y) => compareText(x.accents, y.accents));
      if (accents !== 0) return accents;
    }
    if (sensitivity === "accent") return 0;
    return firstDifference(a, b, (x, y) =>
      caseFirst === "upper" ? y.upper - x.upper : x.upper - y.upper,
    );
  }
}

function firstDifference(a, b, compare) {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compare(a[i], b[i]);
    if (order !== 0) return Math.sign(order);
  }
  return Math.sign(a.length - b.length);
}

function compareLetters(a, b) {
  if (a.number !== undefined && b.number !== undefined)
    return a.number < b.number ? -1 : a.number > b.number ? 1 : 0;
  return letterKey(a.letter) - letterKey(b.letter);
}

function compareText(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

const Constructor = callable(Collator);
export { Constructor as Collator };
