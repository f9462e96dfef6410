// node:sqlite; objects have `ctx.storage.sql`: https://nodejs.org/docs/latest-v22.x/api/sqlite.html

import { absentFrom } from "./errors.js";

// By their values: https://www.sqlite.org/c3ref/c_alter_table.html
const ACTIONS =
  "COPY CREATE_INDEX CREATE_TABLE CREATE_TEMP_INDEX CREATE_TEMP_TABLE CREATE_TEMP_TRIGGER" +
  " CREATE_TEMP_VIEW CREATE_TRIGGER CREATE_VIEW DELETE DROP_INDEX DROP_TABLE DROP_TEMP_INDEX" +
  " DROP_TEMP_TABLE DROP_TEMP_TRIGGER DROP_TEMP_VIEW DROP_TRIGGER DROP_VIEW INSERT PRAGMA READ" +
  " SELECT TRANSACTION UPDATE ATTACH DETACH ALTER_TABLE REINDEX ANALYZE CREATE_VTABLE DROP_VTABLE" +
  " FUNCTION SAVEPOINT RECURSIVE";

export const constants = {
  SQLITE_OK: 0,
  SQLITE_DENY: 1,
  SQLITE_IGNORE: 2,
  SQLITE_CHANGESET_OMIT: 0,
  SQLITE_CHANGESET_REPLACE: 1,
  SQLITE_CHANGESET_ABORT: 2,
  SQLITE_CHANGESET_DATA: 1,
  SQLITE_CHANGESET_NOTFOUND: 2,
  SQLITE_CHANGESET_CONFLICT: 3,
  SQLITE_CHANGESET_CONSTRAINT: 4,
  SQLITE_CHANGESET_FOREIGN_KEY: 5,
  ...Object.fromEntries(ACTIONS.split(" ").map((name, value) => [`SQLITE_${name}`, value])),
};
const missing = absentFrom("sqlite");
export const { DatabaseSync, StatementSync, backup } = missing;

export default { ...missing, constants };
