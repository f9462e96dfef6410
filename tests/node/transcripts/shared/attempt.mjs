// What comes of a call, as a text: its value, or the error that it throws.

import { inspect } from "node:util";

const BLAME = "\nThis is caused by either a bug in Node.js"; // which is not meant for others

/** All of an error that scripts go by; callbacks may have none. */
export function told(error) {
  if (!error) return `${error}`;
  const { name, code, errno, library, reason } = error;
  const message = error.message.split(BLAME)[0];
  return [name, code, message, errno, library, reason].filter((part) => part !== undefined).join(" | ");
}

export function attempt(run) {
  try {
    const value = run();
    return Buffer.isBuffer(value) ? value.toString("hex") : inspect(value);
  } catch (error) {
    return told(error);
  }
}
