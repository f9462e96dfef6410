// AssertionError and the messages that it makes of two values.
// https://nodejs.org/docs/latest-v20.x/api/assert.html#class-assertassertionerror

import { invalidType, requireObject } from "./errors.js";
import { inspect } from "./inspect.js";

const HEADINGS = {
  __proto__: null,
  deepStrictEqual: "Expected values to be strictly deep-equal:",
  strictEqual: "Expected values to be strictly equal:",
  strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
  deepEqual: "Expected values to be loosely deep-equal:",
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  notIdentical: "Values have same structure but are not reference-equal:",
  notDeepEqualUnequal: "Expected values not to be loosely deep-equal:",
};

const MAX_SHORT_CHARS = 12;
const MAX_LINES = 50;
const LINE_CHARS = 80;

const isObject = (value) => typeof value === "object" && value !== null;

function linesOf(value) {
  return textOf(value).split("\n");
}

function textOf(value) {
  return inspect(value, {
    compact: false,
    customInspect: false,
    depth: 1000,
    maxArrayLength: Infinity,
    showHidden: false,
    showProxy: false,
    breakLength: Infinity,
    sorted: true,
    getters: true,
  });
}

/** An error without its stack, which differs wherever it was made. */
function bareError(error) {
  const copy = Object.assign(new Error(error.message), error);
  Object.defineProperty(copy, "stack", { value: undefined, enumerable: false });
  return Object.setPrototypeOf(copy, Object.getPrototypeOf(error));
}

function shortened(lines) {
  return lines.length > MAX_LINES ? [...lines.slice(0, 46), "..."] : lines;
}

/** A line that differs by a comma at its end is the same line in front of another. */
function sameLine(actual, expected) {
  return actual === expected || actual === `${expected},` || expected === `${actual},`;
}

/** Both values line by line: "+" for what is there, "-" for what should be. */
function difference(actual, expected, operator) {
  const left = linesOf(actual);
  const right = linesOf(expected);
  const bothObjects =
    (isObject(actual) && isObject(expected)) ||
    (typeof actual === "function" && typeof expected === "function");
  if (operator === "strictEqual" && bothObjects) operator = "strictEqualObject";
  let pointer = "";
  if (left.length === 1 && right.length === 1 && left[0] !== right[0]) {
    const length = left[0].length + right[0].length;
    if (length <= MAX_SHORT_CHARS) {
      if (!isObject(actual) && !isObject(expected) && (actual !== 0 || expected !== 0)) {
        return `${HEADINGS[operator]}\n\n${left[0]} !== ${right[0]}\n`;
      }
    } else if (operator !== "strictEqualObject" && length < LINE_CHARS) {
      let at = 0;
      while (left[0][at] === right[0][at]) at++;
      if (at > 2) pointer = `\n  ${" ".repeat(at)}^`;
    }
  }
  const tail = [];
  while (left.length > 0 && right.length > 0 && left.at(-1) === right.at(-1)) {
    tail.unshift(left.pop());
    right.pop();
  }
  if (left.length === 0 && right.length === 0) {
    return `${HEADINGS.notIdentical}\n\n${shortened(tail).join("\n")}\n`;
  }
  const lines = differingLines(left, right);
  let skipped = lines.skipped;
  if (tail.length > 4) {
    tail.splice(1, tail.length - 4, null);
    skipped = true;
  }
  const heading = `${HEADINGS[operator]}\n+ actual - expected`;
  if (lines.cut) return `${heading} ... Lines skipped\n\n${lines.text.join("\n")}\n...`;
  const end = tail.map((line) => (line === null ? "..." : `  ${line}`));
  return `${heading}${skipped ? " ... Lines skipped" : ""}\n\n${[...lines.text, ...end].join("\n")}${pointer}`;
}

function differingLines(left, right) {
  const text = [];
  let removed = []; // the expected lines of the difference under way; they follow the actual ones
  let same = [];
  let skipped = false;
  let printed = 0;
  const flushSame = () => {
    if (same.length > 5) {
      text.push(...same.slice(0, 2), "...", ...same.slice(-2));
      skipped = true;
    } else text.push(...same);
    printed += Math.max(0, Math.min(same.length, 5) - 2); // two were counted when they came
    same = [];
  };
  const count = Math.max(left.length, right.length);
  for (let i = 0; i < count; i++) {
    if (i < left.length && i < right.length && sameLine(left[i], right[i])) {
      text.push(...removed);
      removed = [];
      const withComma = right[i] === `${left[i]},` ? right[i] : left[i];
      same.push(`  ${withComma}`);
      if (same.length <= 2) printed++;
    } else {
      flushSame();
      if (i < left.length) text.push(`+ ${left[i]}`);
      if (i < right.length) removed.push(`- ${right[i]}`);
      printed += (i < left.length) + (i < right.length);
    }
    if (printed > MAX_LINES && i < count - 2) {
      return { text: [...text, ...same.slice(0, 2), "...", ...removed], skipped: true, cut: true };
    }
  }
  if (same.length > 0) text.push(...same.slice(0, 2));
  return { text: [...text, ...removed], skipped, cut: false };
}

function unequalMessage(actual, operator) {
  const isReference =
    operator === "notStrictEqual" && (isObject(actual) || typeof actual === "function");
  const heading = HEADINGS[isReference ? "notStrictEqualObject" : operator];
  const lines = shortened(linesOf(actual));
  if (lines.length > 1) return `${heading}\n\n${lines.join("\n")}\n`;
  return `${heading}${lines[0].length > 5 ? "\n\n" : " "}${lines[0]}`;
}

function cut(text, length) {
  return text.length > length ? `${text.slice(0, length - 3)}...` : text;
}

function messageFor(actual, expected, operator) {
  if (actual instanceof Error && expected instanceof Error) {
    actual = bareError(actual);
    expected = bareError(expected);
  }
  if (operator === "deepStrictEqual" || operator === "strictEqual")
    return difference(actual, expected, operator);
  if (operator === "notDeepStrictEqual" || operator === "notStrictEqual")
    return unequalMessage(actual, operator);
  const left = textOf(actual);
  const right = textOf(expected);
  if (operator === "notDeepEqual" && left === right)
    return cut(`${HEADINGS[operator]}\n\n${left}`, 1024);
  const [a, b] = [cut(left, 512), cut(right, 512)];
  if (operator === "deepEqual")
    return `${HEADINGS.deepEqual}\n\n${a}\n\nshould loosely deep-equal\n\n${b}`;
  const unequal = HEADINGS[`${operator}Unequal`];
  if (unequal) return `${unequal}\n\n${a}\n\nshould not loosely deep-equal\n\n${b}`;
  return `${a} ${operator} ${b}`;
}

/** What assertions throw; made with `{ message, actual, expected, operator }`. */
export class AssertionError extends Error {
  constructor(options) {
    requireObject(options, "options");
    const { message, operator, actual, expected } = options;
    if (operator !== undefined && typeof operator !== "string")
      throw invalidType("options.operator", "string", operator);
    const given = message !== undefined && message !== null;
    super(given ? String(message) : messageFor(actual, expected, operator));
    this.generatedMessage = !message;
    this.code = "ERR_ASSERTION";
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
    Object.defineProperty(this, "name", {
      value: "AssertionError",
      writable: true,
      configurable: true,
    });
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }
}
