// How deep a request has gone: a Worker that calls itself for ever is stopped.
// https://developers.cloudflare.com/workers/observability/errors/#loop-limit
//
// Whatever lives through a context (`life`) has a depth: that of the request which it
// answers. An object answers several at once. In the turn in which it begins a call, that call's
// counts; later nobody knows for which of them its code runs, and the least deep counts: a busy
// object that is called back by those whom it calls must not seem to go deeper each time. What
// goes round in later turns is stopped by the number of calls that may wait (overload.js). Where
// a request leaves the isolate, the header CF-EW-Via tells how many calls are left; scripts do
// not see it.

import { FIRST_VIA, MAX_CALL_DEPTH } from "holdfast:constants";
import { depthOfTurn } from "./current.js";

const TOO_DEEP =
  "Subrequest depth limit exceeded. This request recursed through Workers too many times. This " +
  "can happen e.g. if you have a Worker or Durable Object that calls other Workers or objects " +
  "recursively.";
const TOO_MANY = "Too many subrequests by single Worker invocation.";
const LINE = "cf-ew-via\n";
const ALONE = FIRST_VIA.length; // what a request without other headers has
const FIRST = Object.freeze(["", 1]); // what most requests come to
const VIA = /(?:^|(?<=\n))cf-ew-via\n([^\n]*)\n/gi;

// Where subrequests are counted, too, each is looked at: so nobody else pays for that.
let deepest = MAX_CALL_DEPTH;
let mostSubrequests = Infinity;

/** Let each event make no more subrequests than this: requests, calls and connections. */
export function limitSubrequests(most) {
  mostSubrequests = most;
  deepest = -1;
}

/** Note a subrequest of this context; throws where that is one too many. */
export function countSubrequest({ life }) {
  if (mostSubrequests === Infinity || life.isLasting) return;
  life.subrequests = (life.subrequests ?? 0) + 1;
  if (life.subrequests > mostSubrequests) throw new Error(TOO_MANY);
}

/** The depth of what is called by this context; throws where that is too deep. */
export function nextDepth(context) {
  const depth = depthOf(context) + 1;
  if (depth > deepest) {
    if (depth > MAX_CALL_DEPTH) throw new Error(TOO_DEEP);
    countSubrequest(context);
  }
  return depth;
}

/** Calls left to what this context calls, for the host: negative where there is none. */
export function callsLeft(context) {
  if (deepest < 0) countSubrequest(context);
  return MAX_CALL_DEPTH - depthOf(context) - 1;
}

/** Raw headers that tell the other side how deep it is; throws where that is too deep. */
export function withDepth(raw, context) {
  const depth = nextDepth(context);
  if (raw === "" && depth === 1) return FIRST_VIA;
  const others = raw === "" ? "" : raw.replace(VIA, "");
  return `${others}${LINE}${MAX_CALL_DEPTH - depth}\n`;
}

/** [raw headers, depth] of a request that came in. */
export function takeDepth(raw) {
  if (raw === FIRST_VIA) return FIRST;
  if (raw.length <= ALONE && raw.startsWith(LINE)) {
    const left = raw.slice(LINE.length, -1);
    if (left >= 0) return ["", MAX_CALL_DEPTH - left];
  }
  let depth = 0;
  const rest = raw.replace(VIA, (_, left) => {
    if (/^\d{1,2}$/.test(left)) depth = Math.max(depth, MAX_CALL_DEPTH - left);
    return "";
  });
  return [rest, depth];
}

function depthOf({ life }) {
  return Math.max(life.depth, depthOfTurn());
}
