// Uploads in parts: https://developers.cloudflare.com/r2/objects/multipart-objects/

import { r2_abort_upload, r2_complete_upload, r2_upload_part } from "holdfast:ops";
import { toInt32, wrongArgument } from "../kernel/arguments.js";
import { passOutputGate } from "../kernel/pending.js";
import { defineInterface, illegalConstructor, isObject, toUSVString } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { toOptions } from "./conversions.js";
import { headResult, reveal } from "./object.js";
import { refuseEncryption } from "./options.js";
import { checkValue, valueForHost } from "./values.js";

const MAX_PARTS = 10_000;
const CONSTRUCTING = {};
const NAME = "R2MultipartUpload";

class R2MultipartUpload {
  #bucket;
  #key;
  #uploadId;

  constructor(constructing, bucket, key, uploadId) {
    if (constructing !== CONSTRUCTING) throw illegalConstructor();
    this.#bucket = bucket;
    this.#key = key;
    this.#uploadId = uploadId;
    reveal(this, { uploadId, key });
  }

  /** Store a part, from 1 to 10,000; `{ partNumber, etag }`. */
  async uploadPart(partNumber, value, options = undefined) {
    const bucket = this.#bucket;
    const number = toInt32(partNumber);
    checkValue(value, "uploadPart", NAME);
    const wrong = () => wrongArgument("uploadPart", NAME, 3, "UploadPartOptions");
    refuseEncryption(toOptions(options, wrong) ?? {}, "uploadPart");
    checkNumber(number);
    const body = await valueForHost(value);
    const etag = await r2_upload_part(bucket, this.#key, this.#uploadId, number, body);
    return { partNumber: number, etag };
  }

  /** Make an object of the parts that are listed. */
  async complete(uploadedParts) {
    const bucket = this.#bucket;
    if (!Array.isArray(uploadedParts)) throw wrongArgument("complete", NAME, 1, "Array");
    const parts = uploadedParts.map((part) => {
      if (!isObject(part)) throw wrongArgument("complete", NAME, 1, "Array");
      const number = toInt32(part.partNumber);
      const etag = toUSVString(part.etag);
      return [number, etag];
    });
    for (const [number] of parts) checkNumber(number);
    await passOutputGate();
    const told = await r2_complete_upload(bucket, this.#key, this.#uploadId, JSON.stringify(parts));
    return headResult(JSON.parse(told));
  }

  /** Forget the upload and its parts. */
  async abort() {
    const bucket = this.#bucket;
    await passOutputGate();
    await r2_abort_upload(bucket, this.#key, this.#uploadId);
  }

  static {
    defineInterface(this);
  }
}

refuseToClone(R2MultipartUpload);

function checkNumber(number) {
  if (number >= 1 && number <= MAX_PARTS) return;
  throw new TypeError(
    `Part number must be between 1 and ${MAX_PARTS} (inclusive). Actual value was: ${number}`,
  );
}

/** An upload of this id, whether there is one or not. */
export function multipartUpload(bucket, key, uploadId) {
  return new R2MultipartUpload(CONSTRUCTING, bucket, key, uploadId);
}
