// node:path/win32, whose functions are absent: https://nodejs.org/docs/latest-v20.x/api/path.html#pathwin32

import { posix, win32 } from "./path.js";

export const {
  basename,
  delimiter,
  dirname,
  extname,
  format,
  isAbsolute,
  join,
  matchesGlob,
  normalize,
  parse,
  relative,
  resolve,
  sep,
  toNamespacedPath,
} = win32;
export { posix, win32 };
export default win32;
