// Decimal digits of a number, rounded as ICU rounds, on the shortest text that stands for the
// number: half away from zero, unless another way is asked for.
// https://tc39.es/ecma402/#sec-applyunsignedroundingmode

/**
 * `{ digits, exponent, isNegative }` of a finite number or bigint: its magnitude is
 * 0.digits × 10^exponent.
 */
export function digitsOf(value) {
  return { ...magnitudeDigits(value), isNegative: value < 0 };
}

function magnitudeDigits(value) {
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
export function scaled({ digits, exponent, isNegative }, power) {
  return { digits, exponent: digits === "" ? 0 : exponent + power, isNegative };
}

// Whether a magnitude is rounded up: what is left is compared with the half by its sign.
const ROUNDS_UP = {
  __proto__: null,
  ceil: ({ isNegative }) => !isNegative,
  floor: ({ isNegative }) => isNegative,
  expand: () => true,
  trunc: () => false,
  halfCeil: ({ half, isNegative }) => half > 0 || (half === 0 && !isNegative),
  halfFloor: ({ half, isNegative }) => half > 0 || (half === 0 && isNegative),
  halfExpand: ({ half }) => half >= 0,
  halfTrunc: ({ half }) => half > 0,
  halfEven: ({ half, isOdd }) => half > 0 || (half === 0 && isOdd),
};

export const ROUNDING_MODES = Object.keys(ROUNDS_UP);

/** A multiple of `increment` units of the last of `count` digits. */
function roundTo({ digits, exponent, isNegative }, count, { mode, increment }) {
  const step = BigInt(increment);
  const power = digits.length - count; // digits that go
  const shift = 10n ** BigInt(Math.abs(power));
  const [value, unit] =
    power > 0 ? [BigInt(digits), step * shift] : [BigInt(digits) * shift, step];
  const rest = value % unit;
  let multiple = value / unit;
  if (rest > 0n) {
    const half = Math.sign(Number(2n * rest - unit));
    if (ROUNDS_UP[mode]({ half, isNegative, isOdd: multiple % 2n === 1n })) multiple++;
  }
  const text = `${multiple * step}`;
  const trimmed = text.replace(/0+$/, "");
  if (trimmed === "") return { digits: "", exponent: 0 };
  return { digits: trimmed, exponent: exponent - count + text.length };
}

/** At most `count` digits. */
function cutTo(number, count, rounding = undefined) {
  if (rounding !== undefined) return roundTo(number, count, rounding);
  const { digits, exponent } = number;
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
 * minimumSignificantDigits and maximumSignificantDigits or the same of FractionDigits;
 * `rounding`, unless it is the usual, is `{ mode, increment }`.
 */
export function roundedParts(number, rules) {
  const bySignificance = rules.maximumSignificantDigits !== undefined;
  const places = bySignificance
    ? rules.maximumSignificantDigits
    : number.exponent + rules.maximumFractionDigits;
  const { digits, exponent } = number.digits === "" ? number : cutTo(number, places, rules.rounding);
  let whole = exponent > 0 ? digits.slice(0, exponent).padEnd(exponent, "0") : "0";
  let fraction =
    exponent > 0 ? digits.slice(exponent) : "0".repeat(digits === "" ? 0 : -exponent) + digits;
  let least = rules.minimumFractionDigits ?? 0;
  if (bySignificance) {
    const significant = digits === "" ? 1 : Math.max(exponent, 0) + (exponent > 0 ? 0 : exponent);
    least = Math.max(0, rules.minimumSignificantDigits - significant);
  }
  fraction = fraction.padEnd(least, "0");
  if (rules.stripsZeros && /^0*$/.test(fraction)) fraction = "";
  whole = whole.padStart(rules.minimumIntegerDigits ?? 1, "0");
  return { whole, fraction, isZero: digits === "" };
}

/** What ICU takes for the number's magnitude after rounding: its power of ten. */
export function magnitudeOf(number, rules) {
  if (number.digits === "") return 0;
  const places = rules.maximumSignificantDigits ?? number.exponent + rules.maximumFractionDigits;
  return cutTo(number, places, rules.rounding).exponent - 1;
}
