import { same } from "./assert.js";
import { formatArguments } from "holdfast:console/format.js";
import { formatTable } from "holdfast:console/table.js";

const text = (...args) => formatArguments(args);

export function arguments_are_joined_by_spaces() {
  same(text("a", 1, { b: 2 }, null), "a 1 { b: 2 } null");
  same(text({ a: "s" }), "{ a: 's' }");
  same(text("100% sure", "of it"), "100% sure of it");
}

export function specifiers_take_their_arguments() {
  same(text("%s is %d and %i or %f", "x", "42.5", "42.5", "1.5kg"), "x is 42.5 and 42 or 1.5");
  same(text("%o|%O|%j", { a: 1 }, [2], { b: 3 }), '{ a: 1 }|[ 2 ]|{"b":3}');
  same(text("%cstyled", "color: red"), "styled");
  same(text("%% %s", "x"), "% x");
  same(text("%s %s", "one"), "one %s");
  same(text("%s", "one", "two"), "one two");
  same(text("%x", 1), "%x 1");
}

export function odd_arguments_do_no_harm() {
  same(text("%d %i %f", Symbol("s"), {}, 1n), "NaN NaN 1");
  same(text("%d %s", 10n, Symbol("s")), "10n Symbol(s)");
  const cycle = {};
  cycle.self = cycle;
  same(text("%j", cycle), "<ref *1> { self: [Circular *1] }");
  const mute = { toString: () => cycle.missing.property };
  same(text("%s", mute), "{ toString: [Function: toString] }");
  same(text("%s", { toString: () => "words of its own" }), "words of its own");
}

export function tables_have_lines_around_rows_and_columns() {
  same(
    formatTable([{ a: 1, b: "x" }, { a: 2 }, 3]),
    [
      "┌─────────┬───┬─────┬────────┐",
      "│ (index) │ a │ b   │ Values │",
      "├─────────┼───┼─────┼────────┤",
      "│ 0       │ 1 │ 'x' │        │",
      "│ 1       │ 2 │     │        │",
      "│ 2       │   │     │ 3      │",
      "└─────────┴───┴─────┴────────┘",
    ].join("\n"),
  );
  same(formatTable([{ a: 1, b: 2 }], ["b"]).includes(" a "), false);
  same(formatTable(new Map([["k", 1]])).includes("│ (iteration index) │ Key │ Values │"), true);
  same(formatTable(5), undefined);
}
