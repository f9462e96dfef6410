import assert from "node:assert/strict";
import { parse, serialize } from "cookie";
import dayjs from "dayjs";
import relativeTime from "dayjs/plugin/relativeTime";
import utc from "dayjs/plugin/utc";
import EventEmitter from "eventemitter3";
import { XMLBuilder, XMLParser } from "fast-xml-parser";
import { produce } from "immer";
import mitt from "mitt";
import ms from "ms";
import qs from "qs";
import * as R from "remeda";
import semver from "semver";
import { match, P } from "ts-pattern";

dayjs.extend(utc);
dayjs.extend(relativeTime);

export default {
  async fetch() {
    assert.deepEqual({ ...parse("a=1; b=%20x") }, { a: "1", b: " x" });
    assert.equal(
      serialize("a", "b c", { httpOnly: true, maxAge: 5 }),
      "a=b%20c; Max-Age=5; HttpOnly",
    );
    assert.equal(
      dayjs.utc(0).add(1, "month").format("YYYY-MM-DD [at] HH:mm dddd"),
      "1970-02-01 at 00:00 Sunday",
    );
    assert.equal(dayjs(0).from(dayjs(86_400_000 * 3)), "3 days ago");
    const base = { list: [{ done: false }], map: new Map([["a", 1]]) };
    const next = produce(base, (draft) => {
      draft.list[0].done = true;
      draft.list.push({ done: false });
    });
    assert.deepEqual(
      [base.list.length, next.list.length, next.list[0].done, Object.isFrozen(next)],
      [1, 2, true, true],
    );
    assert.deepEqual(
      [ms("2 days"), ms(60_000), ms(60_000, { long: true })],
      [172_800_000, "1m", "1 minute"],
    );
    assert.deepEqual(qs.parse("a[b][c]=d&e[]=1&e[]=2"), { a: { b: { c: "d" } }, e: ["1", "2"] });
    assert.equal(qs.stringify({ a: { b: [1, 2] } }, { encode: false }), "a[b][0]=1&a[b][1]=2");
    assert.equal(semver.satisfies("1.2.9", "^1.2.3 || >=2"), true);
    assert.equal(semver.inc("1.2.3-beta.1", "prerelease", "beta"), "1.2.3-beta.2");
    const heard = [];
    const bus = mitt();
    bus.on("*", (type, value) => heard.push(type, value));
    bus.emit("x", 1);
    const emitter = new EventEmitter();
    emitter.once("y", (value) => heard.push(value));
    emitter.emit("y", 2);
    emitter.emit("y", 3);
    assert.deepEqual(heard, ["x", 1, 2]);
    assert.deepEqual(
      new XMLParser({ ignoreAttributes: false }).parse('<a x="1"><b>2</b><b>3</b></a>'),
      { a: { "@_x": "1", b: [2, 3] } },
    );
    assert.equal(new XMLBuilder().build({ a: { b: [1, 2] } }), "<a><b>1</b><b>2</b></a>");
    assert.deepEqual(
      R.pipe(
        [1, 2, 3, 4],
        R.filter((n) => n % 2 === 0),
        R.map((n) => n * 2),
      ),
      [4, 8],
    );
    assert.equal(
      match({ type: "ok", value: 5 })
        .with({ type: "ok", value: P.number }, ({ value }) => value)
        .exhaustive(),
      5,
    );
    return new Response("ok");
  },
};
