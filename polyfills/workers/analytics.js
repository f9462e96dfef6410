// Datasets of Analytics Engine: https://developers.cloudflare.com/analytics/analytics-engine/
//
// There is nobody to send data points to: they are checked as Cloudflare does, and let go.

import { encodeUtf8 } from "../encoding/utf8.js";
import { bytesOf, isArrayBuffer } from "../kernel/buffers.js";
import { isObject, toSequence, toUSVString } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";

const MAX_INDEXES = 1;
const MAX_INDEX_BYTES = 96;
const MAX_MEMBERS = 20;
const MAX_BLOB_BYTES = 800 * MAX_MEMBERS;

/** What a binding of the type `analytics_engine` puts into `env`. */
class AnalyticsEngine {
  writeDataPoint(event) {
    if (event === undefined || event === null) return;
    require(isObject(event), "The data point is not an object.");
    checkIndexes(members(event.indexes, bytesOfMember));
    checkBlobs(members(event.blobs, bytesOfMember));
    const doubles = members(event.doubles, Number);
    require(doubles.length <= MAX_MEMBERS, `Maximum of ${MAX_MEMBERS} doubles supported.`);
  }
}

refuseToClone(AnalyticsEngine);

function checkIndexes(indexes) {
  require(indexes.length <= MAX_INDEXES, `Maximum of ${MAX_INDEXES} indexes supported.`);
  const isSmall = indexes.every((bytes) => bytes <= MAX_INDEX_BYTES);
  require(isSmall, `Size of indexes[0] exceeds ${MAX_INDEX_BYTES} bytes).`);
}

function checkBlobs(blobs) {
  require(blobs.length <= MAX_MEMBERS, `Maximum of ${MAX_MEMBERS} blobs supported.`);
  const sum = blobs.reduce((bytes, more) => bytes + more, 0);
  require(sum <= MAX_BLOB_BYTES, `Cumulative size of blobs exceeds ${MAX_BLOB_BYTES} bytes).`);
}

function members(value, convert) {
  return value === undefined || value === null ? [] : toSequence(value, convert);
}

function bytesOfMember(value) {
  if (value === undefined || value === null) return 0;
  if (ArrayBuffer.isView(value) || isArrayBuffer(value)) return bytesOf(value).length;
  return encodeUtf8(toUSVString(value)).length;
}

function require(isMet, message) {
  if (!isMet) throw new TypeError(`writeDataPoint(): ${message}`);
}

/** The dataset behind a binding. */
export function analyticsFromHost() {
  return new AnalyticsEngine();
}
