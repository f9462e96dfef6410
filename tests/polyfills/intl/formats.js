// A few of each, for where there is no workerd to compare with: tests/differential has more.
import { equal, same, throws } from "./assert.js";

export function dates_are_formatted_in_utc_or_the_zone_asked_for() {
  const date = new Date(Date.UTC(2024, 1, 9, 15, 4, 5));
  same(date.toLocaleString(), "2/9/2024, 3:04:05 PM");
  same(date.toLocaleDateString("en-US", { dateStyle: "full" }), "Friday, February 9, 2024");
  same(date.toLocaleTimeString("cs", { timeStyle: "short", timeZone: "America/New_York" }), "10:04");
  same(date.toLocaleTimeString("en", { timeStyle: "full", timeZone: "+05:30" }), "8:34:05 PM GMT+05:30");
  same(new Intl.DateTimeFormat().resolvedOptions().timeZone, "UTC");
  same(new Intl.DateTimeFormat("en", { timeZone: "asia/kolkata" }).resolvedOptions().timeZone, "Asia/Calcutta");
  throws(() => new Intl.DateTimeFormat("en", { timeZone: "../../etc/passwd" }), "RangeError");
  throws(() => new Intl.DateTimeFormat("en", { timeZone: "\ud800".repeat(9999) }), "RangeError");
}

export function dates_are_told_in_calendars_figures_and_ranges() {
  const date = Date.UTC(2024, 1, 9, 15, 4, 5);
  same(new Intl.DateTimeFormat("ja-u-ca-japanese", { dateStyle: "full" }).format(date), "令和6年2月9日金曜日");
  same(new Intl.DateTimeFormat("ar-EG", { dateStyle: "short" }).format(date), "٩\u200f/٢\u200f/٢٠٢٤");
  same(new Intl.DateTimeFormat("en", { calendar: "hebrew", numberingSystem: "mathsans", day: "numeric", month: "long" }).formatToParts(date)[0].value, "𝟥𝟢");
  same(new Intl.DateTimeFormat("de", { dateStyle: "long" }).formatRange(date, date + 5e8), "9.–15. Februar 2024");
  same(new Intl.DateTimeFormat("en", { timeStyle: "short", hour12: false }).format(date), "15:04");
  throws(() => new Intl.DateTimeFormat("en").format(8.65e15), "RangeError");
  throws(() => new Intl.DateTimeFormat("en", { calendar: "chinese" }).format(8.64e15), "TypeError");
  throws(() => new Intl.DateTimeFormat("en", { calendar: "no\0" }), "RangeError");
}

export function texts_are_sorted_as_a_language_does() {
  const sorted = (locale, ...texts) => texts.sort(new Intl.Collator(locale).compare).join(" ");
  same(sorted("de", "z", "ä", "a"), "a ä z");
  same(sorted("sv", "z", "ä", "a"), "a z ä");
  same(sorted("en-u-kn", "a10", "a9", "\ud800"), "a9 a10 \ud800");
  same("a".localeCompare("Á", "fr", { sensitivity: "base" }), 0);
  const long = "x".repeat(300);
  equal([`${long}b`, `${long}á`].sort(new Intl.Collator("en").compare), [`${long}á`, `${long}b`]);
}

export function texts_are_divided_as_often_as_anybody_asks() {
  const words = new Intl.Segmenter("ja", { granularity: "word" });
  equal([...words.segment("日本語です。")].map(({ segment, isWordLike }) => segment + isWordLike), ["日本語true", "ですtrue", "。false"]);
  const texts = Array.from({ length: 40 }, (_, i) => words.segment("a b ".repeat(400) + i)); // more than are kept
  for (const text of texts) same([...text].length, 1601);
  equal(texts.map((text) => text.containing(1600).segment), texts.map((_, i) => `${i}`));
  same([...new Intl.Segmenter().segment("\ud800\r\n\udc00")].length, 3);
  same(new Intl.Segmenter().segment("a🇩🇪").containing(2).index, 1);
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
  const circle = [1.5, [2, null]];
  circle.push(circle);
  same(circle.toLocaleString("de"), "1,5,2,,");
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
