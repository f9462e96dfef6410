// Whose turn a message is.

import { currentContext } from "../kernel/current.js";
import { ObjectInstance } from "../objects/instance.js";
import { residentInstance } from "../objects/residents.js";

/** Whether the event has ended, or the object is in memory no more, that a context belongs to. */
export function isOver({ life }) {
  if (life instanceof ObjectInstance) return residentInstance(life.key) !== life;
  return life.error !== null;
}

/**
 * The context in which whoever began to listen in `context` hears of a message now; null
 * where nobody can. What is older than any event, or outlives its own, hears in the sender's.
 */
export function receiverOf(context) {
  if (context === null) return currentContext();
  if (!isOver(context)) return context;
  return context.life instanceof ObjectInstance ? null : currentContext();
}
