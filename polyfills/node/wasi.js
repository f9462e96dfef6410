// node:wasi: https://nodejs.org/docs/latest-v20.x/api/wasi.html

import { absentFrom } from "./errors.js";

export const {
  WASI,
} = absentFrom("wasi");

export default {
  WASI,
};
