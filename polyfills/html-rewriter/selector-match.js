// Whether an open element meets a selector of selector-parser.js.
//
// An element here has `name`, `parent` (null for the root, which stands for the document),
// `index` and `typeIndex` among its siblings, and `attribute(name)`, null where there is none.

/** Whether the element meets one of the alternatives. */
export function matches(alternatives, element) {
  for (const compounds of alternatives) {
    if (meets(compounds, 0, element)) return true;
  }
  return false;
}

function meets(compounds, index, element) {
  const { combinator, tests } = compounds[index];
  if (!passes(tests, element)) return false;
  if (index + 1 === compounds.length) return true;
  for (let above = element.parent; above.parent !== null; above = above.parent) {
    if (meets(compounds, index + 1, above)) return true;
    if (combinator === ">") return false;
  }
  return false;
}

function passes(tests, element) {
  for (const test of tests) {
    if (!check(test, element)) return false;
  }
  return true;
}

function check(test, element) {
  switch (test.kind) {
    case "any":
      return true;
    case "type":
      return test.name === element.name;
    case "attribute":
      return checkAttribute(test, element.attribute(test.name));
    case "nth":
      return checkIndex(test, test.ofType ? element.typeIndex : element.index);
    default:
      return !test.alternatives.some((tests) => passes(tests, element));
  }
}

/** https://drafts.csswg.org/selectors/#anb-microsyntax */
function checkIndex({ step, offset }, index) {
  if (step === 0) return index === offset;
  const count = (index - offset) / step;
  return count >= 0 && Number.isInteger(count);
}

function checkAttribute({ operator, value: wanted, ignoresCase }, given) {
  if (given === null) return false;
  if (operator === "") return true;
  const value = ignoresCase ? given.toLowerCase() : given;
  switch (operator) {
    case "=":
      return value === wanted;
    case "~=":
      return wanted !== "" && value.split(/[\t\n\f\r ]+/).includes(wanted);
    case "|=":
      return value === wanted || value.startsWith(`${wanted}-`);
    case "^=":
      return wanted !== "" && value.startsWith(wanted);
    case "$=":
      return wanted !== "" && value.endsWith(wanted);
    default:
      return wanted !== "" && value.includes(wanted);
  }
}
