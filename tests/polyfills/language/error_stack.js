import { equal, same } from "./assert.js";

export function a_stack_can_be_replaced_and_taken_away() {
  const error = new TypeError("x");
  equal(typeof error.stack, "string");
  error.stack = undefined;
  same(error.stack, undefined);
  error.stack = "mine";
  same(error.stack, "mine");
  equal(Object.keys(error), []);
}
