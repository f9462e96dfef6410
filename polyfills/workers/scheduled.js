// Cron triggers: https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/

import { event_failed, event_return } from "holdfast:ops";
import { describeError, identityOf } from "../kernel/errors.js";
import { defineInterface, illegalConstructor } from "../kernel/webidl.js";
import { WorkerEvent } from "./event.js";
import { CONSTRUCTING, ExtendableEvent } from "./extendable-event.js";

const NOTHING = new Uint8Array(0);

/** The event of a trigger; it is answered when its handler has ended. */
export class TriggerEvent extends WorkerEvent {
  /** What the host is told in bytes, however the event ends; undefined for nothing. */
  told() {}

  /** The handler has returned, or its promise is fulfilled. */
  succeed() {
    this.answer((isDone) => event_return(this.number, this.told() ?? NOTHING, "", isDone));
  }

  fail(error) {
    this.answer((isDone) =>
      event_failed(this.number, ...identityOf(error), describeError(error), isDone, "", this.told()),
    );
  }

  /** Wait for what the handler returned. */
  settle(result) {
    Promise.resolve(result).then(
      () => this.succeed(),
      (error) => this.fail(error),
    );
  }
}

/** What a module's handler is told of the trigger. */
class ScheduledController {
  #scheduledTime;
  #cron;

  constructor() {
    const [key, cron, scheduledTime] = arguments;
    if (key !== CONSTRUCTING) throw illegalConstructor();
    this.#cron = cron;
    this.#scheduledTime = scheduledTime;
  }

  /** When the trigger was due, in milliseconds since the epoch. */
  get scheduledTime() {
    return this.#scheduledTime;
  }

  /** The trigger's expression. */
  get cron() {
    return this.#cron;
  }

  /** What it is that it controls. */
  get type() {
    return "scheduled";
  }

  /** A trigger that fails is not run again in any case. */
  noRetry() {}

  get [Symbol.toStringTag]() {
    return "ScheduledController";
  }
}

/** The controller of a trigger. */
export function createController(cron, scheduledTime) {
  return new ScheduledController(CONSTRUCTING, cron, scheduledTime);
}

/** The event that listeners of a service worker get. */
export class ScheduledEvent extends ExtendableEvent {
  #scheduledTime;
  #cron;

  constructor() {
    const [key, event, cron, scheduledTime] = arguments;
    super(key, "scheduled", event);
    this.#cron = cron;
    this.#scheduledTime = scheduledTime;
  }

  get scheduledTime() {
    return this.#scheduledTime;
  }

  get cron() {
    return this.#cron;
  }

  noRetry() {}

  static {
    defineInterface(this);
  }
}

/** The event of a trigger for listeners. */
export function createScheduledEvent(event, cron, scheduledTime) {
  return new ScheduledEvent(CONSTRUCTING, event, cron, scheduledTime);
}
