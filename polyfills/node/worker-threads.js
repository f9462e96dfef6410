// node:worker_threads, in the one thread that there is: https://nodejs.org/docs/latest-v20.x/api/worker_threads.html

import { absentFrom } from "./errors.js";

export const { BroadcastChannel, MessageChannel, MessagePort } = globalThis;
export const SHARE_ENV = Symbol("nodejs.worker_threads.SHARE_ENV");
export const isInternalThread = false;
export const isMainThread = true;
export const parentPort = null;
export const resourceLimits = {};
export const threadId = 0;
export const workerData = null;
export const isMarkedAsUntransferable = () => false;
export const markAsUncloneable = () => {};
export const markAsUntransferable = () => {};
const missing = absentFrom("worker_threads");
export const {
  Worker,
  getEnvironmentData,
  moveMessagePortToContext,
  postMessageToThread,
  receiveMessageOnPort,
  setEnvironmentData,
} = missing;

export default {
  ...missing,
  BroadcastChannel,
  MessageChannel,
  MessagePort,
  SHARE_ENV,
  isInternalThread,
  isMainThread,
  isMarkedAsUntransferable,
  markAsUncloneable,
  markAsUntransferable,
  parentPort,
  resourceLimits,
  threadId,
  workerData,
};
