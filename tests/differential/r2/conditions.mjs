// On what condition objects are read and replaced. Each case has keys of its own.

import { each } from "./told.mjs";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const cases = {
  async conditions(b) {
    const { etag, httpEtag, uploaded } = await b.put("conditions", "v");
    const before = new Date(+uploaded - 3_600_000);
    const after = new Date(+uploaded + 3_600_000);
    const actions = { quoted: () => httpEtag === `"${etag}"` };
    const named = (condition) =>
      JSON.stringify(condition instanceof Headers ? Object.fromEntries(condition) : condition)
        .replaceAll(etag, "ETAG")
        .replace(/"\d{4}-[^"]+"|"\w{3}, [^"]+"/g, (date) => {
          const ms = +new Date(JSON.parse(date)) - uploaded;
          return ms < 0 ? "BEFORE" : "AFTER";
        });
    const object = (name, condition) => {
      actions[`get ${name}`] = async () => {
        const got = await b.get("conditions", { onlyIf: condition });
        return [got.constructor.name, "body" in got, got.range];
      };
      actions[`put ${name}`] = async () => {
        const put = await b.put("conditions", "v", { onlyIf: condition });
        return put === null ? null : put.size;
      };
      actions[`put none ${name}`] = async () => {
        await b.delete("conditions/none");
        const put = await b.put("conditions/none", "v", { onlyIf: condition });
        return put === null ? null : put.size;
      };
      actions[`get none ${name}`] = async () => b.get("conditions/never", { onlyIf: condition });
    };
    const members = {
      etagMatches: [undefined, etag, "other", "*"],
      etagDoesNotMatch: [undefined, etag, "other", "*"],
      uploadedBefore: [undefined, before, after],
      uploadedAfter: [undefined, before, after],
    };
    for (const etagMatches of members.etagMatches)
      for (const etagDoesNotMatch of members.etagDoesNotMatch)
        for (const uploadedBefore of members.uploadedBefore)
          for (const uploadedAfter of members.uploadedAfter) {
            const condition = JSON.parse(
              JSON.stringify({ etagMatches, etagDoesNotMatch, uploadedBefore, uploadedAfter }),
            );
            for (const name of ["uploadedBefore", "uploadedAfter"])
              if (condition[name]) condition[name] = new Date(condition[name]);
            object(named(condition), condition);
          }
    const headers = {
      "if-match": [
        etag, `"${etag}"`, `W/"${etag}"`, '"other"', `"other", "${etag}"`, "*", `"a" "b"`, `"a" W/"b"`, `"a" *`,
        '"open', "W/a", "", ",", `, "${etag}"`, "x", `"${etag}",x`, 'W/"',
      ],
      "if-none-match": [`"${etag}"`, `W/"${etag}"`, '"other"', "*", "x"],
      "if-modified-since": [before.toUTCString(), after.toUTCString(), "never", ""],
      "if-unmodified-since": [before.toUTCString(), after.toUTCString(), "never"],
    };
    for (const [name, values] of Object.entries(headers))
      for (const value of values) {
        const one = new Headers();
        one.set(name, value);
        object(named(one), one);
      }
    const strange = {
      "quoted etag": { etagMatches: `"${etag}"` },
      "weak etag": { etagMatches: `W/"${etag}"` },
      "quoted other": { etagDoesNotMatch: '"x"' },
      "empty etag": { etagMatches: "" },
      "number etag": { etagMatches: 1 },
      "array etag": { etagMatches: [etag] },
      "null etag": { etagMatches: null },
      "date as number": { uploadedBefore: +after },
      "date as text": { uploadedBefore: after.toJSON() },
      "invalid date": { uploadedBefore: new Date(NaN) },
      "null date": { uploadedBefore: null },
      empty: {},
      text: "text",
      null: null,
    };
    for (const [name, condition] of Object.entries(strange)) object(name, condition);
    // What a second hides.
    actions.granularity = async () => {
      while (Date.now() % 1000 > 500 || Date.now() % 1000 < 100) await sleep(20);
      const put = await b.put("conditions/fine", "v");
      const coarse = new Date(Math.floor(put.uploaded / 1000) * 1000);
      const has = async (onlyIf) => "body" in (await b.get("conditions/fine", { onlyIf }));
      return [
        await has({ uploadedAfter: coarse }),
        await has({ uploadedAfter: coarse, secondsGranularity: true }),
        await has(new Headers({ "if-modified-since": coarse.toUTCString() })),
        await has({ uploadedBefore: new Date(+coarse + 999), secondsGranularity: true }),
        await has({ uploadedBefore: new Date(+coarse + 999) }),
        await has({ uploadedBefore: put.uploaded }),
        await has({ uploadedAfter: put.uploaded }),
      ];
    };
    return each(actions);
  },
};
