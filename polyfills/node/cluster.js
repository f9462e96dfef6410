// node:cluster, of a cluster of one: https://nodejs.org/docs/latest-v20.x/api/cluster.html

import { absentFrom } from "./errors.js";
import { EventEmitter } from "./events.js";

export const SCHED_NONE = 1;
export const SCHED_RR = 2;
export const isMaster = true;
export const isPrimary = true;
export const isWorker = false;
export const schedulingPolicy = SCHED_RR;
export const settings = {};
export const workers = {};
const missing = absentFrom("cluster");
export const { Cluster, Worker, disconnect, fork, setupMaster, setupPrimary } = missing;

const cluster = Object.assign(new EventEmitter(), missing, {
  SCHED_NONE,
  SCHED_RR,
  isMaster,
  isPrimary,
  isWorker,
  schedulingPolicy,
  settings,
  workers,
});
export default cluster;
