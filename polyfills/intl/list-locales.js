// How lists are joined in the languages that numbers have a form of their own in (number-locales.js).
// A pattern is what stands between two, between all but the last of more, and before the last.
// https://cldr.unicode.org/translation/miscellaneous-displaying-lists

import { numberLocale } from "./number-locales.js";

class Pattern {
  constructor(pair, middle, last) {
    this.pair = pair;
    this.middle = middle;
    this.last = last;
  }
}

const COMMAS = new Pattern(", ", ", ", ", ");
const SPACES = new Pattern(" ", " ", " ");
const word = (text) => new Pattern(` ${text} `, ", ", ` ${text} `);
const american = (text) => new Pattern(` ${text} `, ", ", `, ${text} `);

// For each type, the long, the short and the narrow style.
const lists = (conjunction, disjunction, unit) => ({ conjunction, disjunction, unit });
const all = (pattern) => [pattern, pattern, pattern];

const british = lists([word("and"), word("and"), COMMAS], all(word("or")), [COMMAS, COMMAS, SPACES]);
const portuguese = lists([word("e"), word("e"), COMMAS], all(word("ou")), [word("e"), word("e"), SPACES]);

const LANGUAGES = {
  __proto__: null,
  de: lists(all(word("und")), all(word("oder")), all(new Pattern(", ", ", ", " und "))),
  en: lists(
    [american("and"), american("&"), COMMAS],
    all(american("or")),
    [COMMAS, COMMAS, SPACES],
  ),
  "en-CA": british,
  "en-GB": british,
  "en-IN": lists(
    [word("and"), word("and"), new Pattern(", ", ", ", ", and ")],
    all(word("or")),
    [COMMAS, COMMAS, SPACES],
  ),
  es: lists(all(word("y")), all(word("o")), [word("y"), new Pattern(" y ", ", ", ", "), SPACES]),
  fr: lists([word("et"), word("et"), COMMAS], all(word("ou")), [word("et"), word("et"), SPACES]),
  it: lists(all(word("e")), all(word("o")), [word("e"), word("e"), SPACES]),
  nl: lists([word("en"), word("&"), COMMAS], all(word("of")), [word("en"), COMMAS, COMMAS]),
  pt: portuguese,
  sv: lists([word("och"), word("och"), COMMAS], all(word("eller")), [COMMAS, COMMAS, SPACES]),
};
const STYLES = ["long", "short", "narrow"];

// In Spanish the words change before their own sounds.
const SPANISH = { " y ": [" e ", /^(?:i|hi(?![ae]))/i], " o ": [" u ", /^(?:o|ho|8)/i] };

/**
 * The locale that serves these, with what joins `count` items in it: `between(index, item)` is what
 * stands before an item that is not the first.
 */
export function listLocale(locales) {
  const { locale } = numberLocale(locales);
  const language = locale.slice(0, 2);
  const patterns = LANGUAGES[locale] ?? LANGUAGES[language];
  const joiner = (type, style, count) => {
    const { pair, middle, last } = patterns[type][STYLES.indexOf(style)];
    return (index, item) => {
      if (index < count - 1) return middle;
      const text = count === 2 ? pair : last;
      const [changed, sound] = (language === "es" && SPANISH[text]) || [];
      return sound?.test(item) ? changed : text;
    };
  };
  return { locale, joiner };
}
