// Intl.Collator: options and locales are the standard's, the order is ICU's.
// https://tc39.es/ecma402/#collator-objects

import { intl_collation, intl_compare, intl_sort_key } from "holdfast:ops";
import {
  anonymous,
  callable,
  getCanonicalLocales,
  localeFor,
  matcherOf,
  optionOf,
  optionsFrom,
  typeOption,
} from "./locales.js";

const OWNER = "Intl.Collator";
const SENSITIVITIES = ["base", "accent", "case", "variant"];
const MAX_KEYED_CHARS = 256;
const MAX_KEPT_CHARS = 1 << 21; // of texts and their keys, of each order
const MAX_ORDERS = 16;

const orders = new Map(); // by all that they were asked for, since `localeCompare` asks each time

const flag = (value) => (value === undefined ? undefined : `${Boolean(value)}`);

/** How texts follow each other. Their keys are kept: whoever sorts compares each a dozen times. */
class Order {
  #spec; // as the ops take it
  #keys = new Map();
  #kept = 0;

  /** `options`: usage, co, kn, kf, sensitivity, ignorePunctuation. */
  constructor(tags, options) {
    const { usage, co, kn, kf, sensitivity, ignorePunctuation } = options;
    const found = localeFor(tags, "Collator", { co, kn, kf });
    const isSearch = usage === "search";
    const kind = isSearch ? "search" : found.co;
    const caseFirst = kf ?? (/-kf(?=-|$)/.test(found.locale) ? found.kf : undefined);
    const locale = kind === "default" ? found.dataLocale : `${found.dataLocale}-u-co-${kind}`;
    const strength = sensitivity ?? (isSearch ? undefined : "variant"); // else the locale says
    this.#spec = [locale, strength, ignorePunctuation, found.kn, caseFirst].join();
    this.told = { locale: found.locale, usage, collation: isSearch ? "default" : found.co };
  }

  resolved() {
    const [sensitivity, ignores, numeric, caseFirst] = intl_collation(this.#spec).split(",");
    const { locale, usage, collation } = this.told;
    return {
      ...{ locale, usage, sensitivity, ignorePunctuation: ignores === "true" },
      ...{ collation, numeric: numeric === "true", caseFirst },
    };
  }

  compare(left, right) {
    if (left === right) return 0;
    if (left.length > MAX_KEYED_CHARS || right.length > MAX_KEYED_CHARS)
      return intl_compare(this.#spec, left, right);
    const a = this.#keys.get(left) ?? this.#keyOf(left);
    const b = this.#keys.get(right) ?? this.#keyOf(right);
    return a < b ? -1 : a > b ? 1 : 0;
  }

  #keyOf(text) {
    const key = intl_sort_key(this.#spec, text);
    const length = text.length + key.length;
    if (this.#kept + length > MAX_KEPT_CHARS) {
      this.#keys.clear();
      this.#kept = 0;
    }
    this.#kept += length;
    this.#keys.set(text, key);
    return key;
  }
}

class Collator {
  #order;
  #bound;

  constructor(locales = undefined, options = undefined) {
    const tags = getCanonicalLocales(locales);
    const given = optionsFrom(options, OWNER);
    const usage = optionOf(given, "usage", ["sort", "search"], "sort", OWNER);
    matcherOf(given, OWNER);
    const asked = {
      usage,
      co: typeOption(given, "collation"),
      kn: flag(given.numeric),
      kf: optionOf(given, "caseFirst", ["upper", "lower", "false"], undefined, OWNER),
      sensitivity: optionOf(given, "sensitivity", SENSITIVITIES, undefined, OWNER),
      ignorePunctuation: flag(given.ignorePunctuation),
    };
    const name = `${tags}/${Object.values(asked)}`;
    this.#order = orders.get(name);
    if (this.#order === undefined) {
      if (orders.size === MAX_ORDERS) orders.clear();
      orders.set(name, (this.#order = new Order(tags, asked)));
    }
  }

  get compare() {
    return (this.#bound ??= anonymous((left, right) => this.#order.compare(`${left}`, `${right}`)));
  }

  resolvedOptions() {
    return this.#order.resolved();
  }
}

const Constructor = callable(Collator);
export { Constructor as Collator };
