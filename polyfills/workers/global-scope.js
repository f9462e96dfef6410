// Classes for those who ask whether they are there. The global object is an instance of neither,
// though workerd's is a ServiceWorkerGlobalScope: who finds that waits for a service worker's
// `install` event, as testharness.js of the Web Platform Tests does.
// https://w3c.github.io/ServiceWorker/#serviceworkerglobalscope-interface

import { defineInterface, illegalConstructor } from "../kernel/webidl.js";

/** https://html.spec.whatwg.org/#workerglobalscope */
export class WorkerGlobalScope {
  constructor() {
    throw illegalConstructor();
  }

  static {
    defineInterface(this);
  }
}

/** What workerd calls its global object's class. */
export class ServiceWorkerGlobalScope {
  constructor() {
    throw illegalConstructor();
  }

  static {
    defineInterface(this);
  }
}
