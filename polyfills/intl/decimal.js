// Decimal digits of a number, rounded as ICU rounds: half away from zero, on the shortest text
// that stands for the number.

/** `{ digits, exponent }` of a finite number or bigint: the value is 0.digits × 10^exponent. */
export function digitsOf(value) {
  const text = typeof value === "bigint" ? `${value < 0n ? -value : value}` : `${Math.abs(value)}`;
  const [mantissa, power = "0"] = text.split("e");
  const [whole, fraction = ""] = mantissa.split(".");
  const all = whole + fraction;
  const leading = /^0*/.exec(all)[0].length;
  const digits = all.slice(leading).replace(/0+$/, "");
  return digits === ""
    ? { digits: "", exponent: 0 }
    : { digits, exponent: whole.length - leading + Number(power) };
}

/** The number times a power of ten. */
export function scaled({ digits, exponent }, power) {
  return { digits, exponent: digits === "" ? 0 : exponent + power };
}

/** At most `count` digits. */
function cutTo({ digits, exponent }, count) {
  if (digits.length <= count) return { digits, exponent };
  if (count < 0) return { digits: "", exponent: 0 };
  const up = digits[count] >= "5";
  const kept = digits.slice(0, count);
  if (!up) {
    const trimmed = kept.replace(/0+$/, "");
    return trimmed === "" ? { digits: "", exponent: 0 } : { digits: trimmed, exponent };
  }
  const raised = `${BigInt(`0${kept}`) + 1n}`;
  const carried = raised.length > kept.length;
  const padded = carried ? raised : raised.padStart(kept.length, "0");
  return { digits: padded.replace(/0+$/, ""), exponent: carried ? exponent + 1 : exponent };
}

/**
 * The whole and fractional digits under `rules`: minimumIntegerDigits, and either
 * minimumSignificantDigits and maximumSignificantDigits or the same of FractionDigits.
 */
export function roundedParts(number, rules) {
  const bySignificance = rules.maximumSignificantDigits !== undefined;
  const places = bySignificance
    ? rules.maximumSignificantDigits
    : number.exponent + rules.maximumFractionDigits;
  const { digits, exponent } = number.digits === "" ? number : cutTo(number, places);
  let whole = exponent > 0 ? digits.slice(0, exponent).padEnd(exponent, "0") : "0";
  let fraction =
    exponent > 0 ? digits.slice(exponent) : "0".repeat(digits === "" ? 0 : -exponent) + digits;
  let least = rules.minimumFractionDigits ?? 0;
  if (bySignificance) {
    const significant = digits === "" ? 1 : Math.max(exponent, 0) + (exponent > 0 ? 0 : exponent);
    least = Math.max(0, rules.minimumSignificantDigits - significant);
  }
  fraction = fraction.padEnd(least, "0");
  whole = whole.padStart(rules.minimumIntegerDigits ?? 1, "0");
  return { whole, fraction, isZero: digits === "" };
}

/** What ICU takes for the number's magnitude after rounding: its power of ten. */
export function magnitudeOf(number, rules) {
  if (number.digits === "") return 0;
  const places = rules.maximumSignificantDigits ?? number.exponent + rules.maximumFractionDigits;
  return cutTo(number, places).exponent - 1;
}
