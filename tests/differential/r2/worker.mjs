// What R2 buckets do, told as JSON: `/` names the cases, `/<case>` makes its observations.

import { WorkerEntrypoint } from "cloudflare:workers";
import { cases as calls } from "./calls.mjs";
import { cases as conditions } from "./conditions.mjs";
import { cases as objects } from "./objects.mjs";
import { cases as reading } from "./reading.mjs";
import { tried } from "./told.mjs";
import { cases as uploads } from "./uploads.mjs";

const cases = { ...calls, ...objects, ...reading, ...conditions, ...uploads };

/** Another Worker that has the bucket. */
export class Files extends WorkerEntrypoint {
  call(method, ...given) {
    return this.env.BUCKET[method](...given);
  }

  bucket() {
    return this.env.BUCKET;
  }

  async give(object) {
    return [object.constructor.name, object.key ?? null, (await object.text?.()) ?? null];
  }
}

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return Response.json(Object.keys(cases));
    return Response.json((await tried(() => cases[pathname.slice(1)](env.BUCKET, ctx))) ?? null);
  },
};
