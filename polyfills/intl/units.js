// The units of Intl.NumberFormat: https://tc39.es/ecma402/#table-sanctioned-single-unit-identifiers

// identifier: short, narrow, long for one, long for others; a leading space is part of the text.
const UNITS = {
  __proto__: null,
  acre: [" ac", "ac", "acre", "acres"],
  bit: [" bit", "bit", "bit", "bits"],
  byte: [" byte", "B", "byte", "bytes"],
  celsius: ["°C", "°C", "degree Celsius", "degrees Celsius"],
  centimeter: [" cm", "cm", "centimeter", "centimeters"],
  day: [" day", "d", "day", "days"],
  degree: [" deg", "°", "degree", "degrees"],
  fahrenheit: ["°F", "°", "degree Fahrenheit", "degrees Fahrenheit"],
  "fluid-ounce": [" fl oz", "fl oz", "fluid ounce", "fluid ounces"],
  foot: [" ft", "′", "foot", "feet"],
  gallon: [" gal", "gal", "gallon", "gallons"],
  gigabit: [" Gb", "Gb", "gigabit", "gigabits"],
  gigabyte: [" GB", "GB", "gigabyte", "gigabytes"],
  gram: [" g", "g", "gram", "grams"],
  hectare: [" ha", "ha", "hectare", "hectares"],
  hour: [" hr", "h", "hour", "hours"],
  inch: [" in", "″", "inch", "inches"],
  kilobit: [" kb", "kb", "kilobit", "kilobits"],
  kilobyte: [" kB", "kB", "kilobyte", "kilobytes"],
  kilogram: [" kg", "kg", "kilogram", "kilograms"],
  kilometer: [" km", "km", "kilometer", "kilometers"],
  liter: [" L", "L", "liter", "liters"],
  megabit: [" Mb", "Mb", "megabit", "megabits"],
  megabyte: [" MB", "MB", "megabyte", "megabytes"],
  meter: [" m", "m", "meter", "meters"],
  mile: [" mi", "mi", "mile", "miles"],
  "mile-scandinavian": [" smi", "smi", "mile-scandinavian", "miles-scandinavian"],
  milliliter: [" mL", "mL", "milliliter", "milliliters"],
  millimeter: [" mm", "mm", "millimeter", "millimeters"],
  microsecond: [" μs", "μs", "microsecond", "microseconds"],
  millisecond: [" ms", "ms", "millisecond", "milliseconds"],
  minute: [" min", "m", "minute", "minutes"],
  month: [" mth", "m", "month", "months"],
  nanosecond: [" ns", "ns", "nanosecond", "nanoseconds"],
  ounce: [" oz", "oz", "ounce", "ounces"],
  percent: ["%", "%", "percent", "percent"],
  petabyte: [" PB", "PB", "petabyte", "petabytes"],
  pound: [" lb", "#", "pound", "pounds"],
  second: [" sec", "s", "second", "seconds"],
  stone: [" st", "st", "stone", "stones"],
  terabit: [" Tb", "Tb", "terabit", "terabits"],
  terabyte: [" TB", "TB", "terabyte", "terabytes"],
  week: [" wk", "w", "week", "weeks"],
  yard: [" yd", "yd", "yard", "yards"],
  year: [" yr", "y", "year", "years"],
};
const PLURAL_SHORT = { __proto__: null, day: " days", week: " wks", month: " mths", year: " yrs" };
const RATES = {
  __proto__: null,
  "kilometer-per-hour": ["km/h", "km/h"],
  "mile-per-hour": ["mph", "mph"],
  "mile-per-gallon": ["mpg", "mpg"],
};

/** What stands before and after a number with this unit, and the gap between. */
export function unitPattern(unit, display, isOne) {
  const [first, per] = unit.split("-per-");
  const known = UNITS[first];
  if (known === undefined || (per !== undefined && UNITS[per] === undefined)) {
    throw new RangeError(`Invalid unit argument for Intl.NumberFormat() '${unit}'`);
  }
  if (display === "long") {
    const long = known[isOne ? 2 : 3];
    return ["", per === undefined ? long : `${long} per ${UNITS[per][2]}`, " "];
  }
  if (per !== undefined) {
    const rate = RATES[unit]?.[0] ?? `${known[1]}/${UNITS[per][1]}`;
    return ["", rate, display === "narrow" ? "" : " "];
  }
  if (display === "narrow") return ["", known[1], ""];
  const short = (!isOne && PLURAL_SHORT[first]) || known[0];
  return short.startsWith(" ") ? ["", short.slice(1), " "] : ["", short, ""];
}
