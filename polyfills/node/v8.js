// node:v8, of an engine that is another: https://nodejs.org/docs/latest-v20.x/api/v8.html

import { absentFrom } from "./errors.js";

const NUMBERS = [
  "total_heap_size",
  "total_heap_size_executable",
  "total_physical_size",
  "total_available_size",
  "used_heap_size",
  "heap_size_limit",
  "malloced_memory",
  "peak_malloced_memory",
  "does_zap_garbage",
  "number_of_native_contexts",
  "number_of_detached_contexts",
  "total_global_handles_size",
  "used_global_handles_size",
  "external_memory",
];

export const getHeapStatistics = () => Object.fromEntries(NUMBERS.map((name) => [name, 0]));
export const getHeapCodeStatistics = () => ({
  code_and_metadata_size: 0,
  bytecode_and_metadata_size: 0,
  external_script_source_size: 0,
  cpu_profiler_metadata_size: 0,
});
export const getHeapSpaceStatistics = () => [];
export const cachedDataVersionTag = () => 0;
export const promiseHooks = {};
export const startupSnapshot = { isBuildingSnapshot: () => false };
export const setFlagsFromString = () => {};
const missing = absentFrom("v8");
export const {
  DefaultDeserializer,
  DefaultSerializer,
  Deserializer,
  GCProfiler,
  Serializer,
  deserialize,
  getCppHeapStatistics,
  getHeapSnapshot,
  isStringOneByteRepresentation,
  queryObjects,
  serialize,
  setHeapSnapshotNearHeapLimit,
  stopCoverage,
  takeCoverage,
  writeHeapSnapshot,
} = missing;

export default {
  ...missing,
  cachedDataVersionTag,
  getHeapCodeStatistics,
  getHeapSpaceStatistics,
  getHeapStatistics,
  promiseHooks,
  setFlagsFromString,
  startupSnapshot,
};
