// Cursors that have read further than their script; sql-rows.js has the rules.

const FEW = 32; // of which nobody looks whether they are still in use

/** What an object's SQL has read, or is to read, is about to change. */
export function beforeChange(instance) {
  instance.changes++;
  const { ahead, fresh } = instance;
  if (fresh !== null) {
    instance.fresh = null;
    fresh.stand();
  }
  if (ahead === null) return;
  instance.ahead = null;
  for (const reference of ahead) reference.deref()?.stand();
}

/** A cursor has begun, of which the script has taken nothing yet. */
export function noteFresh(instance, rows) {
  const { fresh } = instance;
  if (fresh !== null) noteAhead(instance, fresh);
  instance.fresh = rows;
}

/** A cursor is read further than its script goes; it may be left in the middle. */
export function noteAhead(instance, rows) {
  let { ahead } = instance;
  if (ahead === null) ahead = [];
  else if (ahead.length >= FEW) ahead = ahead.filter((other) => other.deref()?.isAtEnd === false);
  ahead.push(new WeakRef(rows));
  instance.ahead = ahead;
}
