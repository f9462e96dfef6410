// What `waitUntil` promises have in common.

import { reportException } from "../kernel/report.js";

/** Call `done` when the promise has settled; a rejection is logged. */
export function whenSettled(promise, done) {
  Promise.resolve(promise).then(done, (error) => {
    reportException(error);
    done();
  });
}
