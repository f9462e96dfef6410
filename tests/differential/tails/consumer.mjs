// What a Tail Worker is told: each call of its handler, described for whoever asks.
import { WorkerEntrypoint } from "cloudflare:workers";

const calls = [];

// What a clock decides, or a place in a file, is told by its type alone; workerd knows no names and
// no versions of scripts.
const UNTOLD = new Set(["timestamp", "eventTimestamp", "wallTime", "cpuTime", "stack"]);
const LEFT_OUT = new Set(["scriptName", "scriptVersion"]);

function described(value, name) {
  if (UNTOLD.has(name)) return typeof value;
  if (value instanceof Date) return [typeof value.getTime()];
  if (Array.isArray(value)) return value.map((each) => described(each));
  if (typeof value === "function" || value === undefined) return `${typeof value}`;
  if (value === null || typeof value !== "object") return value;
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  const names = Object.getOwnPropertyNames(value).filter((each) => value[each] !== undefined && !LEFT_OUT.has(each));
  const told = Object.fromEntries(names.sort().map((each) => [each, described(value[each], each)]));
  return isPlain ? told : { class: value.constructor.name, ...told };
}

export default class extends WorkerEntrypoint {
  tail(events) {
    const [event] = events;
    const request = event.event?.request;
    const whole = request?.getUnredacted();
    calls.push({
      events: events.map((each) => described(each)),
      isArray: Array.isArray(events),
      whole: whole && [whole.url, Object.fromEntries(Object.entries(whole.headers).sort())],
      names: [event, event.event, request, ...event.logs].map((each) => Object.keys(each ?? {}).sort()).join(" "),
      json: JSON.stringify(event.event?.response ?? null),
    });
  }

  /** The calls so far, and forget them. */
  take() {
    return calls.splice(0);
  }
}
