// Point-in-time recovery:
// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#point-in-time-recovery

import { bookmark_at, bookmark_current, bookmark_restore } from "holdfast:ops";
import { milliseconds } from "./dates.js";

const NOT_IMPLEMENTED =
  "This Durable Object's storage back-end does not implement point-in-time recovery.";

/** A bookmark of what is written now. */
export function currentBookmark(instance) {
  requireSqlite(instance);
  return bookmark_current(instance.slot);
}

/** The bookmark that comes closest to a time. */
export function bookmarkForTime(instance, time) {
  const ms = milliseconds(time, "'getBookmarkForTime' on 'DurableObjectStorage'");
  requireSqlite(instance);
  return bookmark_at(instance.slot, ms);
}

/** Have the object's next session begin at a bookmark; a bookmark to undo that with. */
export function restoreBookmark(instance, bookmark) {
  requireSqlite(instance);
  return bookmark_restore(instance.slot, bookmark);
}

function requireSqlite(instance) {
  if (!instance.usesSqlite) throw new Error(NOT_IMPLEMENTED);
}
