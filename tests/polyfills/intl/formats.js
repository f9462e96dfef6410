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

export function other_locales_are_told_not_to_be_supported() {
  equal(Intl.NumberFormat.supportedLocalesOf(["cs", "en-US", "fr-CA"]), ["en-US"]);
  same(new Intl.NumberFormat("cs").resolvedOptions().locale, "en-US");
}
