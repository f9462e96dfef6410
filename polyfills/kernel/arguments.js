// What workerd's own interfaces say of arguments of a wrong type, and how they convert integers.

const OUT_OF_RANGE =
  "Value out of range. Must be between -2147483648 and 2147483647 (inclusive).";

/** The error of an argument of a method; positions begin with 1. */
export function wrongArgument(method, Class, position, type) {
  return new TypeError(
    `Failed to execute '${method}' on '${Class}': parameter ${position} is not of type '${type}'.`,
  );
}

/** The error of an argument of a constructor. */
export function wrongConstructorArgument(Class, position, type) {
  return new TypeError(
    `Failed to construct '${Class}': constructor parameter ${position} is not of type '${type}'.`,
  );
}

/** The error of a member of an argument. */
export function wrongField(field, dictionary, type) {
  return new TypeError(
    `Incorrect type for the '${field}' field on '${dictionary}': ` +
      `the provided value is not of type '${type}'.`,
  );
}

/** An integer of 32 bits: what is not finite is 0, and what has more bits a TypeError. */
export function toInt32(value) {
  const number = +value; // which no BigInt is
  if (!Number.isFinite(number)) return 0;
  const integer = number | 0;
  if (integer !== Math.trunc(number)) throw new TypeError(OUT_OF_RANGE);
  return integer;
}
