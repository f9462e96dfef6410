// Service bindings: https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/

import { service_fetch } from "holdfast:ops";
import { abortReason, isAborted } from "../events/abort.js";
import { Request, requestRecord } from "../fetch/request.js";
import { bodyForHost, rawHeaders } from "../fetch/transfer.js";
import { requireContext } from "../kernel/pending.js";
import { responseFromAnswer, unlessAborted, urlToSend } from "./crossing.js";

/** Another Worker, reached without the network. */
export class Fetcher {
  #number;
  static #allowed = false;

  constructor() {
    if (!Fetcher.#allowed) throw new TypeError("Illegal constructor");
    Fetcher.#allowed = false;
  }

  /** The service with the host's number. */
  static fromHost(number) {
    Fetcher.#allowed = true;
    const fetcher = new Fetcher();
    fetcher.#number = number;
    return fetcher;
  }

  /** Send a request to the Worker; signature and result as the global fetch's. */
  async fetch(input, init) {
    const request = new Request(input, init);
    const { signal } = requestRecord(request);
    if (signal === undefined) return send(this.#number, request);
    if (isAborted(signal)) throw abortReason(signal);
    return unlessAborted(send(this.#number, request), signal);
  }

  get [Symbol.toStringTag]() {
    return "Fetcher";
  }
}

async function send(number, request) {
  const url = urlToSend(request.url);
  await requireContext().outputGate?.wait();
  const answer = await service_fetch(
    number,
    request.method,
    url,
    rawHeaders(request),
    bodyForHost(request),
  );
  return responseFromAnswer(answer, url);
}
