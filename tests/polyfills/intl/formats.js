// A few of each, for where there is no workerd to compare with: tests/differential has more.
import { equal, same, throws } from "./assert.js";

export function dates_are_formatted_in_utc_or_the_zone_asked_for() {
  const date = new Date(Date.UTC(2024, 1, 9, 15, 4, 5));
  same(date.toLocaleString(), "2/9/2024, 3:04:05 PM");
  same(date.toLocaleDateString("en-US", { dateStyle: "full" }), "Friday, February 9, 2024");
  same(date.toLocaleTimeString("cs", { timeStyle: "short", timeZone: "America/New_York" }), "10:04 AM");
  same(new Intl.DateTimeFormat().resolvedOptions().timeZone, "UTC");
  throws(() => new Intl.DateTimeFormat("en", { timeZone: "../../etc/passwd" }), "RangeError");
}

export function numbers_are_grouped_rounded_and_marked() {
  same((1234567.891).toLocaleString(), "1,234,567.891");
  same((1.005).toLocaleString("en", { style: "currency", currency: "USD" }), "$1.01");
  same(new Intl.NumberFormat("en", { notation: "compact" }).format(999_999), "1M");
  throws(() => new Intl.NumberFormat("en", { style: "currency" }), "TypeError");
}

export function words_follow_english() {
  same(new Intl.PluralRules("en", { type: "ordinal" }).select(22), "two");
  same(new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-1, "day"), "yesterday");
  same(new Intl.ListFormat("en").format(["a", "b", "c"]), "a, b, and c");
  equal(["ä", "z", "A", "a"].sort((x, y) => x.localeCompare(y)), ["a", "A", "ä", "z"]);
  equal([...new Intl.Segmenter().segment("a👨‍👩‍👧")].map(({ segment }) => segment), ["a", "👨‍👩‍👧"]);
}

export function locales_are_those_of_icu() {
  equal(Intl.NumberFormat.supportedLocalesOf(["cs", "en-US", "fr-CA", "xx"]), ["cs", "en-US", "fr-CA"]);
  same(new Intl.NumberFormat("xx").resolvedOptions().locale, "en-US");
  same(new Intl.NumberFormat("ar-EG-u-nu-latn-ca-coptic").resolvedOptions().locale, "ar-EG-u-nu-latn");
  equal(Intl.getCanonicalLocales(["SH", "ru-SU", "en-u-ca-islamicc", "en-t-iw-m0-din-k0-qwertz", "ja-Latn-hepburn-heploc", "und-u-rg-no23"]), ["sr-Latn", "ru-RU", "en-u-ca-islamic-civil", "en-t-he-k0-qwertz-m0-din", "ja-Latn-alalc97", "und-u-rg-no50"]);
  throws(() => Intl.getCanonicalLocales("en-u"), "RangeError");
  same(`${new Intl.Locale("zh-TW").maximize()}`, "zh-Hant-TW");
  same(`${new Intl.Locale("en-u-foo-nu-latn", { calendar: "islamicc", numeric: true })}`, "en-u-foo-ca-islamic-civil-kn-nu-latn");
}

export function numbers_are_written_as_a_language_does() {
  same((-1234567.5).toLocaleString("de-CH", { style: "currency", currency: "CHF" }), "CHF-1'234'567.50");
  same((12345678901234567890n).toLocaleString("ar-EG"), "١٢٬٣٤٥٬٦٧٨٬٩٠١٬٢٣٤٬٥٦٧٬٨٩٠");
  same(new Intl.NumberFormat("fr", { style: "unit", unit: "kilometer-per-hour" }).format("1e3"), "1\u202f000\u202fkm/h");
  same(new Intl.NumberFormat("en").formatRange(3, 3), "~3");
  equal(new Intl.NumberFormat("de", { style: "percent" }).formatToParts(-12.5).map(({ type, value }) => `${type} ${value}`),
    ["minusSign -", "integer 1", "group .", "integer 250", "literal \u00a0", "percentSign %"]);
  same([1.5, [2, null]].toLocaleString("de"), "1,5,2,");
}

export function words_are_those_of_a_language() {
  same(new Intl.PluralRules("pl").select(22), "few");
  same(new Intl.RelativeTimeFormat("es", { numeric: "auto" }).format(-2, "days"), "anteayer");
  same(new Intl.ListFormat("fr", { type: "disjunction" }).format(["a", "\ud800", ""]), "a, \ud800 ou ");
  same(new Intl.DisplayNames("ja", { type: "region" }).of("US"), "アメリカ合衆国");
  same("istanbul".toLocaleUpperCase("tr"), "İSTANBUL");
}

export function durations_are_written_as_objects_and_as_texts() {
  same(new Intl.DurationFormat("de", { style: "digital" }).format({ days: 1, hours: 2, milliseconds: 250 }), "1 Tg., 2:00:00,25");
  same(new Intl.DurationFormat("en", { style: "long" }).format("-PT1.5H"), "-1 hour, 30 minutes");
  throws(() => new Intl.DurationFormat().format({ hours: 1, minutes: -1 }), "RangeError");
}

export function odd_values_are_refused_or_written_and_never_crash() {
  const numbers = new Intl.NumberFormat("en");
  same(numbers.format("1e999999999"), "∞");
  same(numbers.format(10n ** 5000n).length, 5001 + 1666);
  same(numbers.format("\ud800"), "NaN");
  for (const tag of ["", "en-\ud800", "\0", "en\0", "e".repeat(9), "en-x-" + "a-".repeat(9999)])
    throws(() => new Intl.NumberFormat(tag), "RangeError");
  throws(() => new Intl.NumberFormat("en", { style: "currency", currency: "\ud800ab" }), "RangeError");
  throws(() => new Intl.NumberFormat("en", { numberingSystem: "latn group-off" }), "RangeError");
  same(new Intl.ListFormat("en").format(["x"].concat(Array(999).fill("y"))).length, 1 + 999 * 3 + 4);
  throws(() => new Intl.ListFormat("en").format(Array(70_000).fill("")), "RangeError");
  same("ß".repeat(1000).toLocaleUpperCase("tr"), "SS".repeat(1000));
}
