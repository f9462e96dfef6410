import { equal, ok, same } from "./assert.js";

class Custom extends Error {
  constructor(message) {
    super(message);
    this.name = "Custom";
    Error.captureStackTrace(this, this.constructor);
  }
}

function fail() {
  throw new TypeError("for a reason");
}

function caught(run) {
  try {
    return run();
  } catch (error) {
    return error.stack.split("\n");
  }
}

export function a_stack_begins_with_what_the_error_says() {
  same(caught(() => fail())[0], "TypeError: for a reason");
  same(new Custom("mine").stack.split("\n")[0], "Custom: mine");
  same(new Error().stack.split("\n")[0], "Error");
  ok(!new Error("x").stack.endsWith("\n"));
}

export function a_stack_that_is_captured_begins_with_what_the_object_says() {
  const plain = { name: "Plain", message: "text" };
  Error.captureStackTrace(plain);
  same(plain.stack.split("\n")[0], "Plain: text");
  same(Object.keys(plain).join(), "name,message");
}

export function what_a_hook_makes_of_a_stack_stays() {
  let lines;
  Error.prepareStackTrace = (_, sites) => {
    lines = sites.map((site) => site.getLineNumber());
    ok(/^what_a_hook_makes_of_a_stack_stays \(.+:\d+:\d+\)$/.test(`${sites[0]}`), `${sites[0]}`);
    return sites.some((site) => site.isEval() || site.isAsync()) ? "strange" : "made up";
  };
  try {
    same(new Error("x").stack, "made up");
    ok(lines[0] > 0);
  } finally {
    Error.prepareStackTrace = undefined;
  }
}

export function an_error_that_cannot_tell_its_message_has_a_stack() {
  const error = new Error("x");
  Object.defineProperty(error, "message", { get: fail });
  same(typeof error.stack, "string");
  same(Object.create(Error.prototype).stack, undefined);
}

export function a_stack_does_not_tell_by_which_op_an_error_came() {
  const lines = caught(() => new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255])));
  same(lines[0].split(":")[0], "TypeError");
  equal(lines.filter((line) => line.includes("(native)")), []);
}

export function a_stack_is_among_the_names_of_an_errors_properties() {
  const error = Object.assign(new Custom("mine"), { code: 5 });
  equal(Object.getOwnPropertyNames(new Error("x", { cause: 1 })), ["stack", "message", "cause"]);
  const told = JSON.parse(JSON.stringify(error, Object.getOwnPropertyNames(error)));
  equal([told.message, told.code, told.stack], ["mine", 5, error.stack]);
  equal(Object.getOwnPropertyNames({ message: 1 }), ["message"]);
  equal(Object.getOwnPropertyNames(Object.create(Error.prototype)), []);
}
