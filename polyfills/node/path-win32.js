// node:path/win32: https://nodejs.org/docs/latest-v20.x/api/path.html#pathwin32

import { posix, win32 } from "./path.js";

export * from "./path-windows.js";
export { posix, win32 };
export default win32;
