// What R2 buckets do, told as JSON: `/` names the cases, `/<case>` makes its observations.

import { cases as conditions } from "./conditions.mjs";
import { cases as objects } from "./objects.mjs";
import { cases as reading } from "./reading.mjs";
import { tried } from "./told.mjs";
import { cases as uploads } from "./uploads.mjs";

const cases = { ...objects, ...reading, ...conditions, ...uploads };

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return Response.json(Object.keys(cases));
    return Response.json((await tried(() => cases[pathname.slice(1)](env.BUCKET))) ?? null);
  },
};
