// The context whose turn is running; null outside turns, in a script's global scope.

let current = null;
let turn = 0; // how many have begun
let depth = 0; // of the call that began in the turn with this number
let turnOfDepth = 0;

/** The running context, or null in global scope. */
export function currentContext() {
  return current;
}

/** Called at the start of each turn. */
export function setCurrentContext(context) {
  current = context;
  turn++;
}

/** What `run()` returns, which begins what is another context's, within the running turn. */
export function onBehalfOf(context, run) {
  const before = current;
  current = context;
  try {
    return run();
  } finally {
    current = before;
  }
}

/** Which turn is running: another number for each. */
export function numberOfTurn() {
  return turn;
}

/** Called where a turn begins a call of this depth; see depth.js. */
export function setDepthOfTurn(ofCall) {
  depth = ofCall;
  turnOfDepth = turn;
}

/** The depth of the call that began in this turn; 0 in other turns. */
export function depthOfTurn() {
  return turn === turnOfDepth ? depth : 0;
}

// A turn's own function is running. After it, reactions to promises run, perhaps some that
// another context has waiting for a promise which was settled here.
let isOwn = false;

/** Called when the turn's own function begins, and when it has ended. */
export function setOwn(own) {
  isOwn = own;
}

/** True where code runs that surely belongs to another context than this life's. */
export function isStranger(life) {
  return isOwn && current !== null && current.life !== life;
}
