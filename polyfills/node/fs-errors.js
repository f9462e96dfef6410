// Errors of files as Node.js words them: https://nodejs.org/docs/latest-v20.x/api/errors.html#nodejs-system-errors

import { errno, textOf } from "./system-errors.js";

/** The error of a call of the system, such as `ENOENT: no such file or directory, open '/x'`. */
export function fileError(code, syscall, path = undefined, dest = undefined) {
  let message = `${code}: ${textOf(code)}, ${syscall}`;
  if (path !== undefined) message += ` '${path}'`;
  if (dest !== undefined) message += ` -> '${dest}'`;
  const error = new Error(message);
  error.errno = -errno[code];
  error.code = code;
  error.syscall = syscall;
  if (path !== undefined) error.path = path;
  if (dest !== undefined) error.dest = dest;
  return error;
}

/** What `run` returns; an error of its call tells of both paths. */
export function withBothPaths(path, dest, run) {
  try {
    return run();
  } catch (error) {
    throw error.syscall === undefined ? error : fileError(error.code, error.syscall, path, dest);
  }
}

/**
 * The SystemError of a function that is made of several calls: `code` is its own ("ERR_FS_EISDIR"),
 * `info` what it says of the call: `{ code, syscall, path, message }`.
 */
export function systemError(code, text, info) {
  const { syscall, path, message } = info;
  const error = new Error(`${text}: ${syscall} returned ${info.code} (${message}) ${path}`);
  Object.defineProperty(error, "name", { value: "SystemError", configurable: true });
  const number = info.errno ?? errno[info.code];
  return Object.assign(error, { code, info: { ...info, errno: number }, errno: number, syscall, path });
}
