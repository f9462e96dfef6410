// node:readline/promises: https://nodejs.org/docs/latest-v20.x/api/readline.html#promises-api

import { absentFrom } from "./errors.js";

export const {
  Interface,
  Readline,
  createInterface,
} = absentFrom("readline/promises");

export default {
  Interface,
  Readline,
  createInterface,
};
