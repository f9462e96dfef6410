// What tests say of steps: what they come to without their code.

import { told } from "./errors.js";

const forAll = new Map(); // of all instances of a Workflow, by `keyIn`

const keyIn = (className, { type, name, count }) => `${className} ${type} ${count} ${name}`;

/** The step that was said, and its outcome: { value }, or { error } for its first `times` attempts, or all. */
export function readReplacement({ name, count, error, ...outcome }) {
  if (error !== undefined) outcome.error = told("Error", error);
  return [{ type: "do", name, count }, outcome];
}

/** Have a step of each instance come to an outcome; the instances' own are by the class of their objects. */
export function replaceForAll(className, said) {
  const [step, outcome] = readReplacement(said);
  forAll.set(keyIn(className, step), outcome);
}

/** What was said of a step so; undefined if nothing was. */
export function replacementForAll(className, step) {
  return forAll.size === 0 ? undefined : forAll.get(keyIn(className, step));
}
