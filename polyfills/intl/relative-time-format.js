// Intl.RelativeTimeFormat: https://tc39.es/ecma402/#relativetimeformat-objects

import { intl_relative, intl_relative_parts } from "holdfast:ops";
import { finish, localeFor, matcherOf, optionOf, optionsFrom, typeOption } from "./locales.js";
import { numeric } from "./numeric.js";

const OWNER = "Intl.RelativeTimeFormat";
const UNITS = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];

class RelativeTimeFormat {
  #locale;
  #data;
  #style;
  #numeric;
  #numberingSystem;

  constructor(locales = undefined, options = undefined) {
    const given = optionsFrom(options, OWNER);
    matcherOf(given, OWNER);
    const asked = typeOption(given, "numberingSystem");
    const { locale, dataLocale, nu } = localeFor(locales, "RelativeTimeFormat", { nu: asked });
    this.#locale = locale;
    this.#numberingSystem = nu;
    this.#data = `${dataLocale}-u-nu-${nu}`;
    this.#style = optionOf(given, "style", ["long", "short", "narrow"], "long", OWNER);
    this.#numeric = optionOf(given, "numeric", ["always", "auto"], "always", OWNER);
  }

  format(value, unit) {
    return intl_relative(...this.#arguments(value, unit, "format"));
  }

  formatToParts(value, unit) {
    return intl_relative_parts(...this.#arguments(value, unit, "formatToParts"));
  }

  #arguments(value, unit, method) {
    const inWords = this.#numeric === "auto";
    const number = Number(value);
    const given = `${unit}`;
    const name = given.endsWith("s") ? given.slice(0, -1) : given;
    if (!UNITS.includes(name))
      throw new RangeError(`Invalid unit argument for ${OWNER}.prototype.${method}() '${given}'`);
    if (!Number.isFinite(number))
      throw new RangeError(`Value need to be finite number for ${OWNER}.prototype.${method}()`);
    return [this.#data, this.#style, inWords, numeric(number), name];
  }

  resolvedOptions() {
    return {
      locale: this.#locale,
      style: this.#style,
      numeric: this.#numeric,
      numberingSystem: this.#numberingSystem,
    };
  }
}

finish(RelativeTimeFormat, RelativeTimeFormat);
export { RelativeTimeFormat };
