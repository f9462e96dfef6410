// node:wasi: https://nodejs.org/docs/latest-v20.x/api/wasi.html

import { absentFrom } from "./errors.js";

const missing = absentFrom("wasi");
export const { WASI } = missing;

export default { ...missing };
