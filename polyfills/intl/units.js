// The units that Intl knows: https://tc39.es/ecma402/#table-sanctioned-single-unit-identifiers

export const UNITS = [
  "acre",
  "bit",
  "byte",
  "celsius",
  "centimeter",
  "day",
  "degree",
  "fahrenheit",
  "fluid-ounce",
  "foot",
  "gallon",
  "gigabit",
  "gigabyte",
  "gram",
  "hectare",
  "hour",
  "inch",
  "kilobit",
  "kilobyte",
  "kilogram",
  "kilometer",
  "liter",
  "megabit",
  "megabyte",
  "meter",
  "microsecond",
  "mile",
  "mile-scandinavian",
  "milliliter",
  "millimeter",
  "millisecond",
  "minute",
  "month",
  "nanosecond",
  "ounce",
  "percent",
  "petabyte",
  "pound",
  "second",
  "stone",
  "terabit",
  "terabyte",
  "week",
  "yard",
  "year",
];

/** Whether this is a unit, or one per another. */
export function isUnit(name) {
  if (UNITS.includes(name)) return true;
  const [over, under, ...rest] = name.split("-per-");
  return rest.length === 0 && UNITS.includes(over) && UNITS.includes(under);
}
