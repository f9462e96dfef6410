// node:sqlite; objects have `ctx.storage.sql`: https://nodejs.org/docs/latest-v22.x/api/sqlite.html

import { absentFrom } from "./errors.js";

export const constants = {};
export const {
  DatabaseSync,
  StatementSync,
  backup,
} = absentFrom("sqlite");

export default {
  DatabaseSync,
  StatementSync,
  backup,
  constants,
};
