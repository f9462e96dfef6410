// Objects whose files a thread puts in place, such as those of a point in time that they go back to.

import { storage_opened, storage_outstanding } from "holdfast:ops";
import { queueTurn } from "../kernel/turns.js";
import { ObjectContext } from "./context.js";

/** Hold back all that comes for an instance, its constructor included, until its files are there. */
export function waitForFiles(instance) {
  const { inputGate } = instance;
  inputGate.lock(null, (section) => {
    const context = new ObjectContext(instance, section);
    queueTurn(context, async () => {
      try {
        await storage_opened(instance.slot);
        if (instance.error === null) instance.outputGate.follow(storage_outstanding(instance.slot) ?? 0);
      } finally {
        inputGate.unlock(section);
        inputGate.letIn(section);
      }
    });
  });
}
