// A folder of a transcript's own, and what its calls of node:fs tell.

import fs from "node:fs";
import { inspect } from "node:util";

/** `at(name)` is a path in the folder, `attempt(name, call)` logs what comes of a call. */
export function folder(log) {
  const root = fs.mkdtempSync("/tmp/holdfast-");
  const textOf = (value) => (typeof value === "string" ? value : inspect(value, { depth: 5 }));
  const tell = (...values) => log(...values.map((value) => textOf(value).replaceAll(root, "ROOT")));
  const attempt = async (name, call) => {
    try {
      tell(name, await call());
    } catch (error) {
      const { code, syscall, path, dest, errno } = error;
      tell(name, error.name, error.message, { code, syscall, path, dest, errno });
    }
  };
  return { root, at: (name) => `${root}/${name}`, tell, attempt };
}
