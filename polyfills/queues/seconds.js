// Numbers of seconds as workerd reads them.

const OUT_OF_RANGE =
  "Value out of range. Must be between -2147483648 and 2147483647 (inclusive).";

/** A delay in whole seconds; undefined where none is given. */
export function toSeconds(value) {
  if (value === undefined) return undefined;
  const number = Math.trunc(Number(value)) || 0;
  if (number !== (number | 0)) throw new TypeError(OUT_OF_RANGE);
  return number;
}
