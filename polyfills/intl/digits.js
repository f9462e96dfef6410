// The options that say how many digits a number is written with: NumberFormat's and PluralRules'.
// https://tc39.es/ecma402/#sec-setnfdigitoptions

import { digitOption, optionOf } from "./locales.js";

const INCREMENTS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000];
// ECMA-402's names, and those of ICU's skeletons.
const MODES = {
  ceil: "ceiling",
  floor: "floor",
  expand: "up",
  trunc: "down",
  halfCeil: "half-ceiling",
  halfFloor: "half-floor",
  halfExpand: "half-up",
  halfTrunc: "half-down",
  halfEven: "half-even",
};

export class DigitOptions {
  minimumIntegerDigits;
  minimumFractionDigits;
  maximumFractionDigits;
  minimumSignificantDigits;
  maximumSignificantDigits;
  roundingIncrement;
  roundingMode;
  roundingPriority;
  trailingZeroDisplay;

  /** Reads the options in the standard's order; the fractions' digits are those without any. */
  constructor(options, leastFraction, mostFraction, notation, owner) {
    const integers = digitOption(options.minimumIntegerDigits, "minimumIntegerDigits", 1, 21, 1);
    const fractions = [options.minimumFractionDigits, options.maximumFractionDigits];
    const significants = [options.minimumSignificantDigits, options.maximumSignificantDigits];
    const increment = digitOption(options.roundingIncrement, "roundingIncrement", 1, 5000, 1);
    if (!INCREMENTS.includes(increment))
      throw new RangeError("roundingIncrement value is out of range.");
    const mode = optionOf(options, "roundingMode", Object.keys(MODES), "halfExpand", owner);
    const priorities = ["auto", "morePrecision", "lessPrecision"];
    const priority = optionOf(options, "roundingPriority", priorities, "auto", owner);
    const zeros = optionOf(options, "trailingZeroDisplay", ["auto", "stripIfInteger"], "auto", owner);
    this.minimumIntegerDigits = integers;
    const hasFractions = fractions.some((value) => value !== undefined);
    const isSignificant = significants.some((value) => value !== undefined);
    const needsSignificant = priority !== "auto" || isSignificant;
    const needsFractions =
      priority !== "auto" || (!isSignificant && (hasFractions || notation !== "compact"));
    if (needsSignificant) this.#significant(significants);
    if (needsFractions) this.#fraction(fractions, leastFraction, mostFraction);
    this.roundingPriority = priority;
    if (!needsSignificant && !needsFractions) {
      this.minimumFractionDigits = this.maximumFractionDigits = 0;
      this.minimumSignificantDigits = 1;
      this.maximumSignificantDigits = 2;
      this.roundingPriority = "morePrecision";
    }
    this.roundingIncrement = increment;
    this.roundingMode = mode;
    this.trailingZeroDisplay = zeros;
    if (increment !== 1) {
      if (this.roundingPriority !== "auto" || needsSignificant)
        throw new TypeError("RoundingType is not fractionDigits");
      if (this.minimumFractionDigits !== this.maximumFractionDigits)
        throw new RangeError("maximumFractionDigits value is out of range.");
    }
  }

  #significant([least, most]) {
    const min = digitOption(least, "minimumSignificantDigits", 1, 21, 1);
    this.minimumSignificantDigits = min;
    this.maximumSignificantDigits = digitOption(most, "maximumSignificantDigits", min, 21, 21);
  }

  #fraction([least, most], leastPreset, mostPreset) {
    let min = digitOption(least, "minimumFractionDigits", 0, 100, undefined);
    let max = digitOption(most, "maximumFractionDigits", 0, 100, undefined);
    if (min === undefined) min = Math.min(leastPreset, max ?? leastPreset);
    else if (max === undefined) max = Math.max(mostPreset, min);
    else if (min > max) throw new RangeError("maximumFractionDigits value is out of range.");
    this.minimumFractionDigits = min;
    this.maximumFractionDigits = max ?? Math.max(mostPreset, min);
  }

  /** The stems of a number skeleton that say the same. */
  skeleton() {
    const stems = [];
    if (this.minimumIntegerDigits > 1)
      stems.push(`integer-width/+${"0".repeat(this.minimumIntegerDigits)}`);
    stems.push(this.#precision());
    if (this.roundingMode !== "halfEven") stems.push(`rounding-mode-${MODES[this.roundingMode]}`);
    return stems;
  }

  #precision() {
    const zeros = this.trailingZeroDisplay === "stripIfInteger" ? "/w" : "";
    const { minimumSignificantDigits: least, maximumSignificantDigits: most } = this;
    const significant =
      least === undefined ? "" : "@".repeat(least) + (most > least ? "#".repeat(most - least) : "");
    if (this.minimumFractionDigits === undefined) return significant + zeros;
    if (this.roundingIncrement !== 1) return this.#increment() + zeros;
    const { minimumFractionDigits: min, maximumFractionDigits: max } = this;
    const fraction = max === 0 ? "precision-integer" : `.${"0".repeat(min)}${"#".repeat(max - min)}`;
    if (significant === "") return fraction + zeros;
    const priority = this.roundingPriority === "morePrecision" ? "r" : "s";
    return `${fraction}/${significant}${priority}${zeros}`;
  }

  #increment() {
    const digits = `${this.roundingIncrement}`.padStart(this.maximumFractionDigits + 1, "0");
    const point = digits.length - this.maximumFractionDigits;
    const fraction = digits.slice(point);
    return `precision-increment/${digits.slice(0, point)}${fraction === "" ? "" : `.${fraction}`}`;
  }

  /** The members of `resolvedOptions()` before and after those of the notation. */
  resolved() {
    const digits = { minimumIntegerDigits: this.minimumIntegerDigits };
    if (this.minimumFractionDigits !== undefined) {
      digits.minimumFractionDigits = this.minimumFractionDigits;
      digits.maximumFractionDigits = this.maximumFractionDigits;
    }
    if (this.minimumSignificantDigits !== undefined) {
      digits.minimumSignificantDigits = this.minimumSignificantDigits;
      digits.maximumSignificantDigits = this.maximumSignificantDigits;
    }
    const { roundingIncrement, roundingMode, roundingPriority, trailingZeroDisplay } = this;
    return [digits, { roundingIncrement, roundingMode, roundingPriority, trailingZeroDisplay }];
  }
}
