// The classes of the global object, which is no EventTarget for all that: its methods are its own
// (global-events.js). Nor is it an instance of WorkerGlobalScope, as in workerd: who asks for that
// looks for a browser's worker, which has a location and loads scripts.
// https://w3c.github.io/ServiceWorker/#serviceworkerglobalscope-interface

import { defineInterface, illegalConstructor } from "../kernel/webidl.js";

/** What a browser's workers have in common; there for those who ask whether it is. */
export class WorkerGlobalScope {
  constructor() {
    throw illegalConstructor();
  }

  static {
    defineInterface(this);
  }
}

/** The class of the global object. */
export class ServiceWorkerGlobalScope {
  constructor() {
    throw illegalConstructor();
  }

  static {
    defineInterface(this);
  }
}
