// Values that are no objects, as util.inspect shows them.

import { quoteString } from "./inspect-layout.js";

/** A number; `separate` with underscores between thousands. */
export function showNumber(number, separate = false) {
  if (!separate || !Number.isFinite(number)) return Object.is(number, -0) ? "-0" : `${number}`;
  if (Number.isInteger(number) && `${number}`.includes("e")) return `${number}`;
  const [whole, fraction] = `${number}`.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "_");
  if (fraction === undefined) return grouped;
  return `${grouped}.${fraction.replace(/(\d{3})(?=\d)/g, "$1_")}`;
}

export function showBigInt(value, separate = false) {
  return `${separate ? `${value}`.replace(/\B(?=(\d{3})+$)/g, "_") : value}n`;
}

/** What is neither an object nor a function. */
export function showPrimitive(stylize, value, context) {
  switch (typeof value) {
    case "string":
      return showString(stylize, value, context);
    case "number":
      return stylize(showNumber(value, context.numericSeparator), "number");
    case "bigint":
      return stylize(showBigInt(value, context.numericSeparator), "bigint");
    case "boolean":
      return stylize(`${value}`, "boolean");
    case "undefined":
      return stylize("undefined", "undefined");
    case "symbol":
      return stylize(value.toString(), "symbol");
    default:
      return stylize("null", "null");
  }
}

function showString(stylize, value, context) {
  let trailer = "";
  if (value.length > context.maxStringLength) {
    const remaining = value.length - context.maxStringLength;
    value = value.slice(0, context.maxStringLength);
    trailer = `... ${remaining} more character${remaining > 1 ? "s" : ""}`;
  }
  const isLong = value.length > 16 && value.length > context.breakLength - context.indentation - 4;
  if (context.compact !== true && isLong) {
    return (
      value
        .split(/(?<=\n)/)
        .map((line) => stylize(quoteString(line), "string"))
        .join(` +\n${" ".repeat(context.indentation + 2)}`) + trailer
    );
  }
  return stylize(quoteString(value), "string") + trailer;
}
