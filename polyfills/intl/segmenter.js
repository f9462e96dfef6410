// Intl.Segmenter: https://tc39.es/ecma402/#segmenter-objects

import { finish, optionOf, optionsFrom, resolveLocale } from "./locales.js";

const EXTEND = "[\\p{M}\\u200c\\ufe0e\\ufe0f\\u{1f3fb}-\\u{1f3ff}\\u{e0020}-\\u{e007f}]";
const PATTERNS = {
  grapheme: `\\r\\n|[\\u{1f1e6}-\\u{1f1ff}]{2}${EXTEND}*|\\p{Extended_Pictographic}${EXTEND}*(?:\\u200d\\p{Extended_Pictographic}${EXTEND}*)*|[^\\p{Cc}]${EXTEND}*\\u200d?|[^]`,
  word: "[\\p{L}\\p{N}_]+(?:['’.:·](?=[\\p{L}])[\\p{L}\\p{M}\\p{N}_]+|[.,](?=\\p{N})[\\p{N}]+|\\p{M}+|[\\p{L}\\p{N}_]+)*|\\r\\n|[^\\S\\r\\n]+|[^]",
  sentence: "[^.!?\\n]*(?:[.!?]+['\"”’)\\]]*\\s*|\\n|$)",
};

class Segments {
  #text;
  #granularity;

  constructor(text, granularity) {
    this.#text = text;
    this.#granularity = granularity;
  }

  *[Symbol.iterator]() {
    const pattern = new RegExp(PATTERNS[this.#granularity], "gu");
    for (const { 0: segment, index } of this.#text.matchAll(pattern)) {
      if (segment !== "") yield this.#data(segment, index);
    }
  }

  containing(index = 0) {
    const at = Math.trunc(index) || 0;
    if (at < 0 || at >= this.#text.length) return undefined;
    for (const data of this) if (at < data.index + data.segment.length) return data;
    return undefined;
  }

  #data(segment, index) {
    const data = { segment, index, input: this.#text };
    return this.#granularity === "word"
      ? { ...data, isWordLike: /[\p{L}\p{N}]/u.test(segment) }
      : data;
  }
}

class Segmenter {
  #locale;
  #granularity;

  constructor(locales = undefined, options = undefined) {
    this.#locale = resolveLocale(locales);
    this.#granularity = optionOf(
      optionsFrom(options),
      "granularity",
      Object.keys(PATTERNS),
      "grapheme",
      "Intl.Segmenter",
    );
  }

  segment(text) {
    return new Segments(`${text}`, this.#granularity);
  }

  resolvedOptions() {
    return { locale: this.#locale, granularity: this.#granularity };
  }
}

finish(Segmenter, Segmenter);
export { Segmenter };
