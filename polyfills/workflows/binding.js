// Workflow: what a binding of the type `workflow` puts into `env`.
// https://developers.cloudflare.com/workflows/build/workers-api/#workflow

import { namespaceFromHost } from "../objects/namespace.js";
import { refuseToClone, serialize } from "../serialize/index.js";
import { checkEventType, checkSize, describedBatch, isInstanceId, listedBatch, MAX_BATCH } from "./checks.js";
import { workflowError } from "./errors.js";

const ALREADY_EXISTS = "(instance.already_exists) Instance already exists";
const NOT_FOUND = "instance.not_found";
const NO_INSTANCE = { code: 10400, message: "workflows.api.error.instance.not_found" };
const EXISTS_ALREADY = { code: 10405, message: "workflows.api.error.instance.already_exists" };
const GIVEN_TWICE = { code: 10415, message: "workflows.api.error.instance.duplicate_in_batch" };
const NOT_DELETED = { code: 10001, message: "workflows.api.error.internal_server" };
const CUT_OFF = /^Aborting engine: User called /;

let createFor, instanceOf, reportOf, scheduleFor;

/** A Workflow: creates its instances and finds them. */
class Workflow {
  #namespace;
  #name;

  constructor(namespace, name) {
    this.#namespace = namespace;
    this.#name = name;
  }

  static {
    createFor = (workflow, batch, source) => workflow.#createAll(batch, source);
    instanceOf = (workflow, id) => workflow.#instance(id);
    scheduleFor = (workflow, id, schedule) => workflow.#create({ id }, "cron", schedule);
  }

  /** Create an instance; it is on the disk, and will be run, once this resolves. */
  async create(options) {
    const id = await this.#create(options);
    if (id === null) throw new Error(ALREADY_EXISTS);
    return this.#instance(id);
  }

  /**
   * Create up to 100 instances. For a list of their options this gives those that were created, without a word of
   * the others; for `{ count }` or `{ instances }` it is { created, errors }, where each of the others is told of by its place.
   */
  async createBatch(batch) {
    if (Array.isArray(batch)) {
      const ids = await this.#createAll(batch, "binding");
      return ids.map((id) => this.#instance(id));
    }
    const all = describedBatch(batch ?? {});
    const isFirst = ({ id }, index) => id === undefined || all.findIndex((other) => other.id === id) === index;
    const outcomes = all.map(async (options, index) => {
      if (!isFirst(options, index)) return GIVEN_TWICE;
      const id = await this.#create(options);
      return id === null ? EXISTS_ALREADY : this.#instance(id);
    });
    const created = [];
    const errors = [];
    for (const [index, outcome] of (await Promise.all(outcomes)).entries()) {
      if (outcome instanceof WorkflowInstance) created.push(outcome);
      else errors.push({ index, id: all[index].id, ...outcome });
    }
    return { created, errors };
  }

  // Those of a list that were created, by their ids.
  async #createAll(batch, source) {
    const ids = await Promise.all(listedBatch(batch).map((options) => this.#create(options, source)));
    return ids.filter((id) => id !== null);
  }

  // The instance's id; null where there is one already.
  async #create({ id = crypto.randomUUID(), params = {}, retention } = {}, source = "binding", schedule) {
    if (!isInstanceId(id)) throw workflowError("Workflow instance has invalid id");
    checkSize("What an instance is created with", serialize(params), workflowError);
    const given = { id, workflowName: this.#name, params, retention, source, schedule };
    return (await this.#namespace.getByName(id).create(given)) ? id : null;
  }

  /**
   * Delete up to 100 instances: { deleted, errors }, where each id is told of in its place. What is there
   * twice is deleted once.
   */
  async deleteBatch(ids) {
    if (!Array.isArray(ids)) throw workflowError("(body) Provided argument is invalid");
    if (ids.length > MAX_BATCH) {
      throw workflowError(`(body) batchDeleteInstances only supports ${MAX_BATCH} instances at a time`);
    }
    if (ids.length === 0) throw workflowError("(body) batchDeleteInstances should have at least 1 instance");
    if (!ids.every(isInstanceId)) throw workflowError("(instance.invalid_id) Instance ID is invalid");
    const errors = new Map();
    const deleting = Array.from(new Set(ids), async (id) => {
      try {
        await this.#instance(id).delete();
      } catch (error) {
        errors.set(id, error?.message === NOT_FOUND ? NO_INSTANCE : NOT_DELETED);
      }
    });
    await Promise.all(deleting);
    return {
      deleted: ids.filter((id) => !errors.has(id)).map((id) => ({ id })),
      errors: ids.filter((id) => errors.has(id)).map((id) => ({ id, ...errors.get(id) })),
    };
  }

  /** The instance of this id. Throws where there is none. */
  async get(id) {
    const instance = this.#instance(`${id}`);
    await instance.status();
    return instance;
  }

  #instance(id) {
    return new WorkflowInstance(id, () => this.#namespace.getByName(id));
  }
}

/** One instance. */
class WorkflowInstance {
  #stub;

  constructor(id, stub) {
    this.id = id;
    this.#stub = stub;
  }

  /** { status, output, error } */
  async status() {
    return this.#call("status");
  }

  async pause() {
    await this.#call("pause");
  }

  async resume() {
    await this.#call("resume");
  }

  async terminate(options) {
    await this.#call("terminate", { rollback: options?.rollback });
  }

  async restart(options) {
    await this.#call("restart", options?.from);
  }

  async delete() {
    await this.#call("erase");
  }

  async sendEvent({ type, payload }) {
    checkEventType(type, workflowError);
    checkSize(`The payload of an event "${type}"`, serialize(payload), workflowError);
    await this.#call("sendEvent", { type, payload });
  }

  static {
    reportOf = (instance) => instance.#call("report");
  }

  async #call(method, ...args) {
    try {
      return await this.#stub()[method](...args);
    } catch (error) {
      const message = `${error?.message}`;
      if (CUT_OFF.test(message)) return undefined; // its steps' code was, after that was done
      if (message.includes(`(${NOT_FOUND})`)) throw new Error(NOT_FOUND);
      throw message.startsWith("WorkflowError: ") ? new Error(message) : error;
    }
  }
}

refuseToClone(Workflow);
refuseToClone(WorkflowInstance);

/** The Workflow behind a binding. */
export function workflowFromHost(binding, namespace = namespaceFromHost(binding)) {
  return new Workflow(namespace, binding.workflowName);
}

/** What the API has of a Workflow besides what scripts have. */
export function workflowForApi(binding, namespace) {
  const workflow = workflowFromHost(binding, namespace);
  return {
    create: (batch) => createFor(workflow, batch, "api"),
    schedule: (id, schedule) => scheduleFor(workflow, id, schedule),
    instance: (id) => instanceOf(workflow, id),
    report: (id) => reportOf(instanceOf(workflow, id)),
  };
}
