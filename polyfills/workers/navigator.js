// `navigator`:
// https://developers.cloudflare.com/workers/runtime-apis/web-standards/#navigatoruseragent

import { fetch } from "../fetch/fetch.js";
import { currentContext } from "../kernel/current.js";
import {
  defineInterface,
  illegalConstructor,
  illegalInvocation,
  requireArguments,
  toDOMString,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";

// Libraries ask for this very text to find out where they run.
const USER_AGENT = "Cloudflare-Workers";
const CONSTRUCTING = {};

/** What scripts may know of the runtime they are in. */
export class Navigator {
  #brand;

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
  }

  get userAgent() {
    if (!(#brand in this)) throw illegalInvocation();
    return USER_AGENT;
  }

  /** One, because an isolate runs on one thread. */
  get hardwareConcurrency() {
    if (!(#brand in this)) throw illegalInvocation();
    return 1;
  }

  get platform() {
    if (!(#brand in this)) throw illegalInvocation();
    return "";
  }

  /** https://w3c.github.io/beacon/#sendbeacon-method; false outside of an event. */
  sendBeacon(url, body = undefined) {
    if (!(#brand in this)) throw illegalInvocation();
    requireArguments(arguments.length, 1, "'sendBeacon' on 'Navigator'");
    const context = currentContext();
    if (context === null) return false;
    context.waitUntil?.(fetch(toDOMString(url), { method: "POST", body }));
    return true;
  }

  get language() {
    if (!(#brand in this)) throw illegalInvocation();
    return "en";
  }

  get languages() {
    if (!(#brand in this)) throw illegalInvocation();
    return LANGUAGES;
  }
}

defineInterface(Navigator);
refuseToClone(Navigator);

const LANGUAGES = Object.freeze(["en"]);

/** The global object's `navigator`. */
export const navigator = new Navigator(CONSTRUCTING);
