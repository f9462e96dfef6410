import { equal, throws } from "./assert.js";

const DEEP = 100_000;
const one = (value) => value;
const forwards = {
  map: (it) => it.map(one),
  filter: (it) => it.filter(one),
  take: (it) => it.take(2),
  drop: (it) => it.drop(0),
  flatMap: (it) => it.flatMap(one),
};
const uses = [(it) => it.next(), (it) => [...it], (it) => new Set(it), (it) => it.return?.()];

export function a_chain_of_iterators_without_end_is_too_much_recursion() {
  for (const name of ["map", "filter", "take", "drop", "flatMap"]) {
    for (const use of uses) {
      let it = [1].values();
      for (let i = 0; i < DEEP; i++) it = forwards[name](it);
      throws(() => use(it), RangeError);
    }
  }
}

export function so_is_one_of_iterators_that_are_taken_for_such() {
  const wrapped = Object.getPrototypeOf(Iterator.from({ next: one }));
  const own = { next: wrapped.next, return: wrapped.return };
  for (const use of [(it) => it.next(), (it) => it.return()]) {
    let it = { next: () => ({ done: true }), return: () => ({}) };
    for (let i = 0; i < DEEP; i++) it = Object.setPrototypeOf(Iterator.from(it), own);
    throws(() => use(it), RangeError);
  }
}

export function iterators_go_on_from_each_other_as_before() {
  const closed = [];
  const source = { next: () => ({ value: 1, done: false }), return: () => [closed.push(1)] };
  const it = Iterator.from(source).map((n) => n + 1);
  equal(it.next(), { value: 2, done: false });
  it.return();
  equal([closed, it.next()], [[1], { value: undefined, done: true }]);
  equal([...Iterator.concat([1], [2]).filter((n) => n > 1).take(3)], [2]);
  const { next } = Object.getPrototypeOf(it);
  equal([next.name, next.length, "prototype" in next], ["next", 0, false]);
  throws(() => next.call({}), TypeError);
}
