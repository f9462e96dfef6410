// node:diagnostics_channel: https://nodejs.org/docs/latest-v20.x/api/diagnostics_channel.html

import { WORD_TRACED } from "holdfast:constants";
import { shared } from "holdfast:ops";
import { lazily } from "../kernel/lazy.js";
import { invalidType, requireFunction } from "./errors.js";
import { nextTick } from "./stream-base.js";

const tracing = lazily("console/tracing.js");
const channels = new Map();

/** A named channel: what is published reaches its subscribers at once. */
export class Channel {
  #subscribers = [];
  #stores = new Map();

  constructor(name) {
    this.name = name;
  }

  get hasSubscribers() {
    return this.#subscribers.length > 0 || this.#stores.size > 0;
  }

  subscribe(subscription) {
    requireFunction(subscription, "subscription");
    this.#subscribers = [...this.#subscribers, subscription];
  }

  unsubscribe(subscription) {
    const at = this.#subscribers.indexOf(subscription);
    if (at === -1) return false;
    this.#subscribers = this.#subscribers.toSpliced(at, 1);
    return true;
  }

  bindStore(store, transform = undefined) {
    this.#stores.set(store, transform);
  }

  unbindStore(store) {
    return this.#stores.delete(store);
  }

  publish(message) {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(message, this.name);
      } catch (error) {
        nextTick(() => reportError(error));
      }
    }
    if (shared[WORD_TRACED] !== 0) tracing().tracePublished(this.name, message);
  }

  runStores(message, fn, receiver = undefined, ...args) {
    let run = () => {
      this.publish(message);
      return Reflect.apply(fn, receiver, args);
    };
    for (const [store, transform] of this.#stores) {
      const inner = run;
      run = () => {
        let value = message;
        try {
          if (transform) value = transform(message);
        } catch (error) {
          nextTick(() => reportError(error));
          return inner();
        }
        return store.run(value, inner);
      };
    }
    return run();
  }
}

export function channel(name) {
  if (typeof name !== "string" && typeof name !== "symbol")
    throw invalidType("channel", ["string", "symbol"], name);
  let found = channels.get(name);
  if (found === undefined) channels.set(name, (found = new Channel(name)));
  return found;
}

export const hasSubscribers = (name) => channels.get(name)?.hasSubscribers ?? false;
export const subscribe = (name, subscription) => channel(name).subscribe(subscription);
export const unsubscribe = (name, subscription) => channel(name).unsubscribe(subscription);

const EVENTS = ["start", "end", "asyncStart", "asyncEnd", "error"];

/** Five channels around one operation. */
export class TracingChannel {
  constructor(nameOrChannels) {
    if (typeof nameOrChannels !== "string" && !(nameOrChannels instanceof Object))
      throw invalidType("nameOrChannels", ["string", "TracingChannel", "Object"], nameOrChannels);
    for (const event of EVENTS) {
      this[event] =
        typeof nameOrChannels === "string"
          ? channel(`tracing:${nameOrChannels}:${event}`)
          : nameOrChannels[event];
    }
  }

  get hasSubscribers() {
    return EVENTS.some((event) => this[event].hasSubscribers);
  }

  subscribe(handlers) {
    for (const event of EVENTS) if (handlers[event]) this[event].subscribe(handlers[event]);
  }

  unsubscribe(handlers) {
    return EVENTS.filter((event) => handlers[event]).every((event) =>
      this[event].unsubscribe(handlers[event]),
    );
  }

  traceSync(fn, context = {}, receiver = undefined, ...args) {
    return this.start.runStores(context, () => {
      try {
        return (context.result = Reflect.apply(fn, receiver, args));
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }

  tracePromise(fn, context = {}, receiver = undefined, ...args) {
    const finish = (key, value) => {
      context[key] = value;
      if (key === "error") this.error.publish(context);
      this.asyncStart.publish(context);
      this.asyncEnd.publish(context);
    };
    return this.start.runStores(context, () => {
      try {
        return Promise.resolve(Reflect.apply(fn, receiver, args)).then(
          (result) => {
            finish("result", result);
            return result;
          },
          (error) => {
            finish("error", error);
            throw error;
          },
        );
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }

  traceCallback(fn, position = -1, context = {}, receiver = undefined, ...args) {
    const at = position < 0 ? args.length + position : position;
    const callback = args[at];
    requireFunction(callback, "callback");
    const { asyncStart, asyncEnd, error: failed } = this;
    args[at] = function traced(...outcome) {
      const [error, result] = outcome;
      if (error) {
        context.error = error;
        failed.publish(context);
      } else context.result = result;
      return asyncStart.runStores(context, () => {
        try {
          return Reflect.apply(callback, this, outcome);
        } finally {
          asyncEnd.publish(context);
        }
      });
    };
    return this.start.runStores(context, () => {
      try {
        return Reflect.apply(fn, receiver, args);
      } catch (error) {
        context.error = error;
        failed.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }
}

export const tracingChannel = (nameOrChannels) => new TracingChannel(nameOrChannels);

export default {
  channel,
  Channel,
  hasSubscribers,
  subscribe,
  TracingChannel,
  tracingChannel,
  unsubscribe,
};
