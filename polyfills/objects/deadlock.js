// Calls that wait for each other, across isolates, and that nothing else can end.
//
// A life (an object instance, a Worker's event) waits for calls that it has made. An object whose
// gate is closed goes on only by what the open section has begun; any other life by whatever
// it has begun. Where all of that are calls, and these wait in turn, nothing under way can
// ever end it. What else a life may wait for (a timer, the network, a disk, a promise in
// memory) counts as something that will come. So does more of a body that another life streams, since
// any event of that life may write to it, and a message of a WebSocket that was accepted.
//
// There are two occasions to look. Either a gate holds back a call that its own critical section
// waits for: it can never be let in. Or objects have been *quiet* for long, nobody having called
// them, who might do what the others wait for.
//
// The host asks isolate by isolate, since calls cross them (objects/wait_graph.py), and asks
// twice: what is found again, call by call, did not move in between.

import { object_held_up } from "holdfast:ops";
import { failCall } from "../kernel/calls.js";
import { opsUnderWay } from "../kernel/pending.js";
import { timersUnderWay } from "../timers/host-timer.js";
import { unansweredEvents } from "../workers/event.js";
import { HUNG } from "./hang.js";
import { allResidents, isQuiet, residentInSlot } from "./residents.js";

const MAX_SUSPECTS = 16; // at a time

const numbers = new WeakMap(); // of calls from within the isolate
let lastNumber = 0;

/**
 * Follow what a life waits for through this isolate. `kind` and `number` name it: "slot" an
 * object, "event" a Worker's event, "call" whatever has got this call of the host's. `hungSweeps`:
 * for how long objects have to be quiet, 0 where gates are looked at. Returns
 * undefined where something may still come of itself; else JSON of `keys`, which name what was
 * found, `ops`, the calls that leave the isolate, and `held`, the keys of objects that could let
 * one of the calls fail that were followed.
 */
export function waitsOf(kind, number, hungSweeps) {
  const waiting = new Waiting(hungSweeps);
  const lives = new Set();
  const keys = [];
  const ops = [];
  const held = [];
  const follow = (call) => {
    lives.add(call.life);
    if (isHeld(call) || (hungSweeps > 0 && call.life.key !== undefined)) held.push(call.life.key);
  };
  if (kind === "call") {
    const call = callFromHost(number);
    if (call === undefined) return undefined;
    follow(call);
  } else {
    const life = kind === "slot" ? residentInSlot(number) : eventOf(number);
    if (life === undefined) return undefined;
    lives.add(life);
  }
  for (const life of lives) {
    const waits = waiting.of(life);
    if (waits === null) return undefined;
    keys.push(keyOf(life));
    ops.push(...waits.ops);
    for (const call of waits.calls) {
      keys.push(keyOfCall(call));
      follow(call);
    }
  }
  return JSON.stringify({ keys, ops, held });
}

/**
 * Fail the calls to the object in this slot that are among those with these keys; `onlyHeld`: and
 * that its gate holds back. Calls from elsewhere are named by the host's numbers.
 */
export function failDeadlocked(slot, keysJson, onlyHeld) {
  const instance = residentInSlot(slot);
  if (instance === undefined || !instance.hasCalls) return;
  const keys = new Set(JSON.parse(keysJson));
  for (const call of [...instance.calls]) {
    if ((onlyHeld && !isHeld(call)) || !keys.has(keyOfCall(call))) continue;
    instance.inputGate.drop(call);
    failCall(call, new Error(HUNG));
  }
}

/** Tell the host of objects that have been quiet for long, and wait for calls that have left. */
export function suspectQuiet(instances, hungSweeps) {
  const waiting = new Waiting(hungSweeps);
  let told = 0;
  for (const instance of instances) {
    if (!instance.hasCalls || !waiting.of(instance)?.ops.length) continue;
    object_held_up(instance.slot, hungSweeps);
    if (++told === MAX_SUSPECTS) return;
  }
}

/** What the lives of this isolate wait for at this moment. */
class Waiting {
  #hungSweeps;
  #calls = callsMadeHere();
  #ops = grouped(opsUnderWay());
  #timers = grouped(timersUnderWay());

  constructor(hungSweeps) {
    this.#hungSweeps = hungSweeps;
  }

  /**
   * The ops and calls that a life waits for; null where it waits for something else, or for
   * nothing that is known.
   */
  of(life) {
    const gate = life.inputGate ?? null;
    if (gate !== null && this.#hungSweeps > 0 && !isQuiet(life, this.#hungSweeps)) return null;
    const counts = (context) => gate === null || gate.admits(context);
    const made = this.#calls.get(life) ?? [];
    const calls = made.filter((call) => counts(call.caller));
    const ops = [];
    let known = made.length + (life.sections ?? 0);
    for (const [context, number] of this.#ops.get(life) ?? []) {
      known++;
      if (counts(context)) ops.push(number);
    }
    for (const [context] of this.#timers.get(life) ?? []) {
      known++;
      if (counts(context)) return null;
    }
    for (const link of life.sockets ?? []) {
      if (link.keepsAlive) known++;
      if (counts(link.context)) return null;
    }
    const hasMore = known !== life.pendingOps || life.connections?.size > 0;
    if (hasMore || life.outputGate?.isLocked || calls.length + ops.length === 0) return null;
    return { calls, ops };
  }
}

/** Entries, which begin with a context, by the life of that. */
function grouped(entries) {
  const groups = new Map();
  for (const entry of entries) {
    const { life } = entry[0];
    const group = groups.get(life);
    if (group === undefined) groups.set(life, [entry]);
    else group.push(entry);
  }
  return groups;
}

/** Calls from life to life of this isolate, by who has made them. */
function callsMadeHere() {
  const made = new Map();
  for (const call of callsHere()) {
    if (call.caller === undefined) continue;
    const others = made.get(call.caller.life);
    if (others === undefined) made.set(call.caller.life, [call]);
    else others.push(call);
  }
  return made;
}

function* callsHere() {
  for (const instance of allResidents()) if (instance.calls !== null) yield* instance.calls;
  for (const event of unansweredEvents()) if (event.calls !== null) yield* event.calls;
}

function callFromHost(number) {
  for (const call of callsHere()) if (call.hostNumber === number) return call;
  return undefined;
}

function eventOf(number) {
  for (const event of unansweredEvents()) if (event.number === number) return event;
  return undefined;
}

function isHeld(call) {
  return call.life.inputGate?.holds(call) === true;
}

function keyOf(life) {
  return life.slot === undefined ? `event ${life.number}` : `object ${life.slot}`;
}

function keyOfCall(call) {
  if (call.hostNumber !== undefined) return `call ${call.hostNumber}`;
  if (!numbers.has(call)) numbers.set(call, ++lastNumber);
  return `local call ${numbers.get(call)}`;
}
