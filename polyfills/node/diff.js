// util.diff: https://nodejs.org/docs/latest-v22.x/api/util.html#utildiffactual-expected
//
// By Myers' "An O(ND) Difference Algorithm and Its Variations": `furthest` holds, by diagonal, how far
// along `actual` a path with so many differences comes.

import { invalidType } from "./errors.js";

function requireTexts(value, name) {
  if (typeof value === "string") return;
  if (!Array.isArray(value)) throw invalidType(name, ["Array", "string"], value);
  value.forEach((item, i) => {
    if (typeof item !== "string") throw invalidType(`${name}[${i}]`, "string", item);
  });
}

/** Pairs of 0 for what both have, 1 for what `actual` alone has, -1 for `expected`, and the text; none if they are equal. */
export function diff(actual, expected) {
  requireTexts(actual, "actual");
  requireTexts(expected, "expected");
  if (actual === expected) return [];
  const pairs = pairsOf(actual, expected);
  return pairs.every(([kind]) => kind === 0) ? [] : pairs;
}

function pairsOf(actual, expected) {
  const middle = actual.length + expected.length;
  const furthest = new Int32Array(2 * middle + 3);
  const before = []; // `furthest` as it was before each number of differences, where it was set
  for (let differences = 0; ; differences++) {
    before.push(furthest.slice(middle - differences, middle + differences + 3));
    for (let diagonal = -differences; diagonal <= differences; diagonal += 2) {
      const at = middle + 1 + diagonal;
      let x = goesDown(diagonal, differences, furthest[at - 1], furthest[at + 1])
        ? furthest[at + 1]
        : furthest[at - 1] + 1;
      while (x < actual.length && x - diagonal < expected.length && actual[x] === expected[x - diagonal]) x++;
      furthest[at] = x;
      if (x >= actual.length && x - diagonal >= expected.length) return walkedBack(before, actual, expected);
    }
  }
}

const goesDown = (diagonal, differences, left, right) =>
  diagonal === -differences || (diagonal !== differences && left < right);

function walkedBack(before, actual, expected) {
  const pairs = [];
  let [x, y] = [actual.length, expected.length];
  for (let differences = before.length - 1; differences >= 0; differences--) {
    const diagonal = x - y;
    const at = diagonal + differences + 1;
    const [left, right] = [before[differences][at - 1], before[differences][at + 1]];
    const down = goesDown(diagonal, differences, left, right);
    const fromX = differences === 0 ? 0 : down ? right : left;
    const fromY = differences === 0 ? 0 : fromX - (down ? diagonal + 1 : diagonal - 1);
    while (x > fromX && y > fromY) {
      x--;
      y--;
      pairs.push([0, actual[x]]);
    }
    if (differences === 0) break;
    if (down) pairs.push([-1, expected[--y]]);
    else pairs.push([1, actual[--x]]);
  }
  return pairs.reverse();
}
