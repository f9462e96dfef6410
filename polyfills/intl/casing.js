// Upper and lower case where a language has rules of its own, by ICU.
// https://tc39.es/ecma402/#sec-transform-case

import { intl_cased } from "holdfast:ops";
import { getCanonicalLocales } from "./locales.js";

const OWN_RULES = new Set(["az", "el", "lt", "tr"]);

/** The text in the case that the first of the locales has it in; undefined if that is the usual. */
export function casedFor(locales, text, toUpper) {
  const [tag = ""] = getCanonicalLocales(locales);
  const language = tag.split("-", 1)[0];
  return OWN_RULES.has(language) ? intl_cased(text, language, toUpper) : undefined;
}
