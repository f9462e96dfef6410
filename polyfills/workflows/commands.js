// What the API does to a Workflow: an event of the Worker that has its class.
// https://developers.cloudflare.com/api/resources/workflows/

import { event_return } from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { enterTurn } from "../kernel/turns.js";
import { namespaceFromHost } from "../objects/namespace.js";
import { TriggerEvent } from "../workers/scheduled.js";
import { workflowForApi } from "./binding.js";

/** A command, which is answered with JSON text. */
class CommandEvent extends TriggerEvent {
  succeed(value) {
    const text = JSON.stringify(value ?? null, shown);
    this.answer((isDone) => event_return(this.number, encodeUtf8(text), "", isDone));
  }
}

// What JSON has no words for.
function shown(_, value) {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Map) return Object.fromEntries(value);
  return value instanceof Set ? [...value] : value;
}

const verbs = {
  create: (workflow, { instances }) => workflow.create(instances),
  schedule: (workflow, { id, schedule }) => workflow.schedule(id, schedule),
  report: (workflow, { id }) => workflow.report(id),
  pause: (workflow, { id }) => workflow.instance(id).pause(),
  resume: (workflow, { id }) => workflow.instance(id).resume(),
  terminate: (workflow, { id, rollback }) => workflow.instance(id).terminate({ rollback }),
  restart: (workflow, { id, from }) => workflow.instance(id).restart({ from }),
  event: (workflow, { id, type, payload }) => workflow.instance(id).sendEvent({ type, payload }),
  delete: (workflow, { id }) => workflow.instance(id).delete(),
  // By the ids of objects. One that has ended since they were listed is left out.
  async list(_, { ids }, namespace) {
    const asked = ids.map((id) => namespace.get(namespace.idFromString(id)).summary());
    const told = await Promise.allSettled(asked);
    return told.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
  },
};

/** Entry point: carry out a command; both arguments are JSON. */
export function commandWorkflow(number, bindingJson, commandJson) {
  const event = new CommandEvent(number);
  enterTurn(event, start, { event, binding: JSON.parse(bindingJson), command: JSON.parse(commandJson) });
}

function start({ event, binding, command: { verb, ...arguments_ } }) {
  const namespace = namespaceFromHost(binding);
  const workflow = workflowForApi(binding, namespace);
  Promise.resolve(verbs[verb](workflow, arguments_, namespace)).then(
    (value) => event.succeed(value),
    (error) => event.fail(error),
  );
}
