// node:worker_threads, in the one thread that there is: https://nodejs.org/docs/latest-v20.x/api/worker_threads.html

import { absentFrom, invalidType } from "./errors.js";

export const { BroadcastChannel, MessageChannel, MessagePort } = globalThis;
export const SHARE_ENV = Symbol.for("nodejs.worker_threads.SHARE_ENV");
export const isInternalThread = false;
export const isMainThread = true;
export const parentPort = null;
export const resourceLimits = {};
export const threadId = 0;
export const workerData = null;
export const isMarkedAsUntransferable = () => false;
export const markAsUncloneable = () => {};
export const markAsUntransferable = () => {};
export const threadName = "";

const environmentData = new Map();

/** What other threads would inherit; there are none. */
export const getEnvironmentData = (key) => environmentData.get(key);
export function setEnvironmentData(key, value) {
  if (value === undefined) environmentData.delete(key);
  else environmentData.set(key, value);
}
/** Nothing: messages come as events, in turns of their own. */
export function receiveMessageOnPort(port) {
  if (port instanceof MessagePort) return undefined;
  throw invalidType("port", "MessagePort", port);
}
const missing = absentFrom("worker_threads");
export const {
  Worker,
  moveMessagePortToContext,
  postMessageToThread,
} = missing;

export default {
  ...missing,
  BroadcastChannel,
  MessageChannel,
  MessagePort,
  SHARE_ENV,
  getEnvironmentData,
  isInternalThread,
  isMainThread,
  isMarkedAsUntransferable,
  markAsUncloneable,
  markAsUntransferable,
  parentPort,
  receiveMessageOnPort,
  resourceLimits,
  setEnvironmentData,
  threadId,
  threadName,
  workerData,
};
