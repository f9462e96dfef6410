// `navigator`:
// https://developers.cloudflare.com/workers/runtime-apis/web-standards/#navigatoruseragent

import { defineInterface, illegalConstructor, illegalInvocation } from "../kernel/webidl.js";

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

const LANGUAGES = Object.freeze(["en"]);

/** The global object's `navigator`. */
export const navigator = new Navigator(CONSTRUCTING);
