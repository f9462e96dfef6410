// Intl.Segmenter: https://tc39.es/ecma402/#segmenter-objects

import { intl_divide, intl_divided_drop, intl_segment_at, intl_segment_ends } from "holdfast:ops";
import { finish, getCanonicalLocales, localeFor, matcherOf, optionOf, optionsObject } from "./locales.js";
import { refuseInstances } from "../serialize/kinds.js";

const OWNER = "Intl.Segmenter";
const GRANULARITIES = ["grapheme", "word", "sentence"];
const abandoned = new FinalizationRegistry(intl_divided_drop);
const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([].values()));

/** A text that the host divides, and keeps for a while: it is given again when it is asked for. */
class Divided {
  #number = 0;

  constructor(text, locale, granularity) {
    this.text = text;
    this.locale = locale;
    this.granularity = granularity;
  }

  /** The places that an op tells of, where it takes the text's number and a place. */
  ask(op, at) {
    let found = op(this.#number, at);
    if (found === undefined) {
      this.#number = intl_divide(this.locale, this.granularity, this.text);
      abandoned.register(this, this.#number);
      found = op(this.#number, at);
    }
    return new Int32Array(found.buffer);
  }

  /** The segment from `index` to `end`, which is below 0 for what is like a word. */
  segment(index, end) {
    const input = this.text;
    const segment = input.slice(index, Math.abs(end));
    if (this.granularity !== "word") return { segment, index, input };
    return { segment, index, input, isWordLike: end < 0 };
  }
}

class SegmentIterator {
  #divided;
  #ends = [];
  #next = 0; // of the ends
  #index = 0;

  constructor(divided) {
    this.#divided = divided;
  }

  next() {
    const index = this.#index;
    if (index === this.#divided.text.length) return { value: undefined, done: true };
    if (this.#next === this.#ends.length) {
      this.#ends = this.#divided.ask(intl_segment_ends, index);
      this.#next = 0;
    }
    const end = this.#ends[this.#next++];
    this.#index = Math.abs(end);
    return { value: this.#divided.segment(index, end), done: false };
  }
}
delete SegmentIterator.prototype.constructor;
Object.setPrototypeOf(SegmentIterator.prototype, iteratorPrototype);
Object.defineProperty(SegmentIterator.prototype, Symbol.toStringTag, {
  value: "Segmenter String Iterator",
  configurable: true,
});

class Segments {
  #divided;

  constructor(divided) {
    this.#divided = divided;
  }

  containing(index) {
    const at = Math.trunc(+index) || 0;
    if (at < 0 || at >= this.#divided.text.length) return undefined;
    const [start, end] = this.#divided.ask(intl_segment_at, at);
    return this.#divided.segment(start, end);
  }

  [Symbol.iterator]() {
    return new SegmentIterator(this.#divided);
  }
}
delete Segments.prototype.constructor;
for (const Class of [Segments, SegmentIterator]) refuseInstances(Class);

class Segmenter {
  #locale;
  #granularity;

  constructor(locales = undefined, options = undefined) {
    const tags = getCanonicalLocales(locales);
    const given = optionsObject(options);
    matcherOf(given, OWNER);
    this.#locale = localeFor(tags, "Segmenter").locale;
    this.#granularity = optionOf(given, "granularity", GRANULARITIES, "grapheme", OWNER);
  }

  segment(input) {
    return new Segments(new Divided(`${input}`, this.#locale, this.#granularity));
  }

  resolvedOptions() {
    return { locale: this.#locale, granularity: this.#granularity };
  }
}

finish(Segmenter, Segmenter);
export { Segmenter };
