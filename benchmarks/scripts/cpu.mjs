// What `benchmarks/cpu.py` runs in Holdfast's engine and in V8: code that only computes.

const PEOPLE = Array.from({ length: 1_000 }, (_, id) => ({
  id,
  name: `Person ${id}`,
  email: `person.${id}@example.com`,
  tags: ["reader", "writer"],
  address: { city: "Berlin", zip: String(10_115 + id) },
}));
const JSON_TEXT = JSON.stringify(PEOPLE);
const LOG = PEOPLE.map(({ id, email }) => `2026-01-31 12:00:${id} GET /people/${id} by <${email}>`);
// As good as random, and the same every time.
const NUMBERS = Array.from({ length: 10_000 }, (_, index) => (index * 7_919) % 10_007);
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escaped = (text) => String(text).replace(/[&<>"]/g, (each) => ESCAPES[each]);
const row = ({ id, name, email, tags }) =>
  `<li id="${id}"><a href="mailto:${escaped(email)}">${escaped(name)}</a> ${tags
    .map((tag) => `<em>${escaped(tag)}</em>`)
    .join(", ")}</li>`;
const fibonacci = (n) => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2));

const operations = {
  parse: () => JSON.parse(JSON_TEXT).length,
  stringify: () => JSON.stringify(PEOPLE).length,
  regularExpression: () =>
    LOG.filter((line) => /^(\d+)-(\d+)-(\d+) .*\/people\/(?<id>\d+) by <[\w.]+@[\w.]+>$/.exec(line)?.groups.id > 9)
      .length,
  replace: () => JSON_TEXT.replace(/[&<>"]/g, (each) => ESCAPES[each]).length,
  sort: () => NUMBERS.toSorted((a, b) => a - b)[0],
  sortText: () => PEOPLE.map(({ name }) => name).sort()[0],
  template: () => `<ul>${PEOPLE.slice(0, 50).map(row).join("")}</ul>`.length,
  fibonacci: () => fibonacci(20),
};

/** Run an operation so often; what it computes is returned, so that nothing is left out. */
export function run(name, count) {
  const operation = operations[name];
  let result = 0;
  for (let index = 0; index < count; index++) result += operation();
  return result;
}
