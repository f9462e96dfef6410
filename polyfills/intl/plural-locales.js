// The plural categories of languages: CLDR's rules, with its operands. `n` is the number without
// its sign, `i` its whole part; `v` counts the digits of its fraction, `f` is those, and `t` is those
// without zeros at the end. https://cldr.unicode.org/index/cldr-spec/plural-rules

import { getCanonicalLocales, parseTag } from "./locales.js";

const within = (value, first, last) => Number.isInteger(value) && value >= first && value <= last;
const isOne = ({ i, v }) => i === 1 && v === 0;
const isMillion = ({ i, v }) => i !== 0 && i % 1_000_000 === 0 && v === 0;
const endsIn1 = (value) => value % 10 === 1 && value % 100 !== 11;
const endsIn2To4 = (value) => within(value % 10, 2, 4) && !within(value % 100, 12, 14);
const other = [() => "other", ["other"]];

const english = [(o) => (isOne(o) ? "one" : "other"), ["one", "other"]];
const oneOnly = [({ n }) => (n === 1 ? "one" : "other"), ["one", "other"]];
const upToOne = [({ i, n }) => (i === 0 || n === 1 ? "one" : "other"), ["one", "other"]];
const withMillions = (one) => [
  (o) => (one(o) ? "one" : isMillion(o) ? "many" : "other"),
  ["one", "many", "other"],
];
const italian = withMillions(isOne);
const french = withMillions(({ i }) => i < 2);
const eastSlavic = [
  ({ i, v }) => {
    if (v !== 0) return "other";
    return endsIn1(i) ? "one" : endsIn2To4(i) ? "few" : "many";
  },
  ["one", "few", "many", "other"],
];
const czech = [
  (o) => (o.v !== 0 ? "many" : isOne(o) ? "one" : within(o.i, 2, 4) ? "few" : "other"),
  ["one", "few", "many", "other"],
];
const southSlavic = [
  ({ i, v, f }) => {
    if ((v === 0 && endsIn1(i)) || endsIn1(f)) return "one";
    return (v === 0 && endsIn2To4(i)) || endsIn2To4(f) ? "few" : "other";
  },
  ["one", "few", "other"],
];

const CARDINALS = {
  __proto__: null,
  af: oneOnly,
  ar: [
    ({ n }) => {
      if (within(n, 0, 2)) return ["zero", "one", "two"][n];
      if (within(n % 100, 3, 10)) return "few";
      return within(n % 100, 11, 99) ? "many" : "other";
    },
    ["zero", "one", "two", "few", "many", "other"],
  ],
  bg: oneOnly,
  bn: upToOne,
  bs: southSlavic,
  ca: italian,
  cs: czech,
  da: [({ n, t, i }) => (n === 1 || (t !== 0 && i < 2) ? "one" : "other"), ["one", "other"]],
  de: english,
  el: oneOnly,
  en: english,
  es: withMillions(({ n }) => n === 1),
  et: english,
  eu: oneOnly,
  fa: upToOne,
  fi: english,
  fr: french,
  gl: english,
  he: [
    ({ i, v }) => {
      if ((i === 1 && v === 0) || (i === 0 && v !== 0)) return "one";
      return i === 2 && v === 0 ? "two" : "other";
    },
    ["one", "two", "other"],
  ],
  hi: upToOne,
  hr: southSlavic,
  hu: oneOnly,
  id: other,
  is: [({ i, t }) => ((t === 0 && endsIn1(i)) || endsIn1(t) ? "one" : "other"), ["one", "other"]],
  it: italian,
  ja: other,
  ko: other,
  lt: [
    ({ n, f }) => {
      const isTeen = within(n % 100, 11, 19);
      if (n % 10 === 1 && !isTeen) return "one";
      if (within(n % 10, 2, 9) && !isTeen) return "few";
      return f === 0 ? "other" : "many";
    },
    ["one", "few", "many", "other"],
  ],
  lv: [
    ({ n, v, f }) => {
      if (n % 10 === 0 || within(n % 100, 11, 19) || (v === 2 && within(f % 100, 11, 19))) return "zero";
      return endsIn1(n) || (v === 2 ? endsIn1(f) : f % 10 === 1) ? "one" : "other";
    },
    ["zero", "one", "other"],
  ],
  ms: other,
  nb: oneOnly,
  nl: english,
  no: oneOnly,
  pl: [
    (o) => {
      if (o.v !== 0) return "other";
      return isOne(o) ? "one" : endsIn2To4(o.i) ? "few" : "many";
    },
    ["one", "few", "many", "other"],
  ],
  pt: french,
  "pt-PT": italian,
  ro: [
    (o) => {
      if (isOne(o)) return "one";
      return o.v !== 0 || o.n === 0 || within(o.n % 100, 1, 19) ? "few" : "other";
    },
    ["one", "few", "other"],
  ],
  ru: eastSlavic,
  sk: czech,
  sl: [
    ({ i, v }) => {
      if (v !== 0) return "few";
      return ["other", "one", "two", "few", "few"][i % 100] ?? "other";
    },
    ["one", "two", "few", "other"],
  ],
  sr: southSlavic,
  sv: english,
  sw: english,
  ta: oneOnly,
  te: oneOnly,
  th: other,
  tr: oneOnly,
  uk: eastSlavic,
  ur: english,
  vi: other,
  zh: other,
};

const hindi = [
  ({ n }) => {
    if (n === 1) return "one";
    return n === 2 || n === 3 ? "two" : n === 4 ? "few" : n === 6 ? "many" : "other";
  },
  ["one", "two", "few", "many", "other"],
];

// Where there is none, all numbers are alike.
const ORDINALS = {
  __proto__: null,
  bn: [
    ({ n }) => (n === 5 || within(n, 7, 10) ? "one" : hindi[0]({ n })),
    ["one", "two", "few", "many", "other"],
  ],
  ca: [
    ({ n }) => (n === 1 || n === 3 ? "one" : n === 2 ? "two" : n === 4 ? "few" : "other"),
    ["one", "two", "few", "other"],
  ],
  en: [
    ({ n }) => {
      if (endsIn1(n)) return "one";
      if (n % 10 === 2 && n % 100 !== 12) return "two";
      return n % 10 === 3 && n % 100 !== 13 ? "few" : "other";
    },
    ["few", "one", "two", "other"],
  ],
  fr: oneOnly,
  hi: hindi,
  hu: [({ n }) => (n === 1 || n === 5 ? "one" : "other"), ["one", "other"]],
  it: [({ n }) => ([8, 11, 80, 800].includes(n) ? "many" : "other"), ["many", "other"]],
  ms: oneOnly,
  ro: oneOnly,
  sv: [
    ({ n }) => (within(n % 10, 1, 2) && !within(n % 100, 11, 12) ? "one" : "other"),
    ["one", "other"],
  ],
  uk: [({ n }) => (n % 10 === 3 && n % 100 !== 13 ? "few" : "other"), ["few", "other"]],
  vi: oneOnly,
};

const languageOf = (tag) => parseTag(tag).language;
const isSupported = (tag) => languageOf(tag) in CARDINALS;

/** The locale that serves the first of the tags whose language has rules here: a language. */
export function pluralLocale(locales) {
  const found = getCanonicalLocales(locales).find(isSupported);
  if (found === undefined) return "en-US";
  return /^pt-PT\b/.test(found) ? "pt-PT" : languageOf(found);
}

/** `[select, categories]` of such a locale; `select` takes the operands. */
export function pluralRulesOf(locale, type) {
  const language = languageOf(locale);
  if (type === "ordinal") return ORDINALS[language] ?? other;
  return CARDINALS[locale] ?? CARDINALS[language];
}

/** The static method of the same name. */
export function supportedLocalesOf(locales, _options = undefined) {
  return getCanonicalLocales(locales).filter(isSupported);
}
