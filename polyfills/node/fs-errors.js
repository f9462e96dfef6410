// Errors of files as Node.js words them: https://nodejs.org/docs/latest-v20.x/api/errors.html#nodejs-system-errors

import { constants } from "./os.js";

const TEXTS = {
  EACCES: "permission denied",
  EBADF: "bad file descriptor",
  EEXIST: "file already exists",
  EINVAL: "invalid argument",
  EISDIR: "illegal operation on a directory",
  ELOOP: "too many symbolic links encountered",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  ENOTEMPTY: "directory not empty",
  EPERM: "operation not permitted",
};

/** The error of a call of the system, such as `ENOENT: no such file or directory, open '/x'`. */
export function fileError(code, syscall, path = undefined, dest = undefined) {
  let message = `${code}: ${TEXTS[code]}, ${syscall}`;
  if (path !== undefined) message += ` '${path}'`;
  if (dest !== undefined) message += ` -> '${dest}'`;
  const error = new Error(message);
  error.errno = -constants.errno[code];
  error.code = code;
  error.syscall = syscall;
  if (path !== undefined) error.path = path;
  if (dest !== undefined) error.dest = dest;
  return error;
}
