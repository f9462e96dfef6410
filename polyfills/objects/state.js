// DurableObjectState: https://developers.cloudflare.com/durable-objects/api/state/

import { turn_stop } from "holdfast:ops";
import { wrongArgument } from "../kernel/arguments.js";
import { ownExports } from "../workers/exports.js";
import { runCriticalSection } from "./critical-section.js";
import { lazily } from "../kernel/lazy.js";
import { ownLazily, ownValue } from "../kernel/own-properties.js";
import { defineInterface, isObject } from "../kernel/webidl.js";
import { DurableObjectStorage } from "./storage.js";
import { isStranger, refuse, STORAGE } from "./strangers.js";

const hibernation = lazily("objects/hibernation.js");
const facets = lazily("objects/facets.js");

const NAME = "DurableObjectState";
const ABORTED = "Application called abort() to reset Durable Object.";

/**
 * What an object knows of itself; the first argument of its constructor. It has itself
 *
 * - `facets`: objects inside of this one; see facets.js;
 * - `container`, which is none;
 * - `storage`: the object's own durable storage;
 * - `id`: the object's id;
 * - `props`: configuration of whoever made the object, where it is a facet; else none;
 * - `exports`: the script's own entrypoints and Durable Object namespaces.
 */
export class DurableObjectState {
  #instance;

  constructor(instance) {
    this.#instance = instance;
    let made;
    ownLazily(this, "facets", () => (made ??= facets().facetsOf(instance)));
    ownValue(this, "container", undefined);
    ownValue(this, "storage", new DurableObjectStorage(instance));
    ownValue(this, "id", instance.id);
    ownLazily(this, "props", () => (instance.props ??= {}));
    ownLazily(this, "exports", ownExports);
  }

  /** Keep the object in memory until the promise settles. */
  waitUntil(promise) {
    if (arguments.length === 0) throw wrongArgument("waitUntil", NAME, 1, "Promise");
    this.#instance.waitUntil(promise);
  }

  /**
   * Run `callback` while no other event reaches the object. An exception in it resets
   * the object, as does taking longer than 30 seconds.
   */
  blockConcurrencyWhile(callback) {
    if (typeof callback !== "function") {
      return Promise.reject(wrongArgument("blockConcurrencyWhile", NAME, 1, "function"));
    }
    return runCriticalSection(this.#instance, () => callback(), { resetOnError: true });
  }

  /**
   * Reset the object now: calls under way fail with `reason`, memory is dropped, and what runs
   * ends here, whatever it would catch. An alarm that
   * runs is run again, unless `options.retryAlarm` is false.
   */
  abort(reason = ABORTED, options = undefined) {
    if (options !== undefined && options !== null && !isObject(options)) {
      throw wrongArgument("abort", NAME, 2, "AbortOptions");
    }
    if (isStranger(this.#instance)) refuse(STORAGE);
    const error = new Error(String(reason));
    if (options?.retryAlarm === false) this.#instance.retriesAlarm = false;
    this.#instance.abort(error);
    turn_stop();
  }

  // ---- WebSockets: see hibernation.js ---------------------------------------------

  /** Take a socket in, which does not keep the object in memory. */
  acceptWebSocket(socket, tags) {
    hibernation().acceptWebSocket(this.#instance, socket, tags);
  }

  /** The sockets that were taken in, those with a tag where one is given. */
  getWebSockets(tag) {
    return hibernation().getWebSockets(this.#instance, tag);
  }

  /** The tags of a socket that was taken in. */
  getTags(socket) {
    return hibernation().getTags(socket);
  }

  /** Have a message answered without waking the object; without an argument, none. */
  setWebSocketAutoResponse(pair) {
    hibernation().setAutoResponse(this.#instance, pair);
  }

  /** The pair that was set, or null. */
  getWebSocketAutoResponse() {
    return hibernation().getAutoResponse(this.#instance);
  }

  /** When a socket was last answered so, or null. */
  getWebSocketAutoResponseTimestamp(socket) {
    return hibernation().getAutoResponseTimestamp(socket);
  }

  /** Let each event of a socket take so many milliseconds; 0 for no limit. */
  setHibernatableWebSocketEventTimeout(ms) {
    hibernation().setEventTimeout(this.#instance, ms);
  }

  /** The limit that was set, or null. */
  getHibernatableWebSocketEventTimeout() {
    return hibernation().getEventTimeout(this.#instance);
  }

  static {
    defineInterface(this);
  }
}
