import { equal, ok, rejects, same, throws } from "./assert.js";
import { fetch } from "holdfast:fetch/fetch.js";
import { Request } from "holdfast:fetch/request.js";
import { Blob } from "holdfast:files/blob.js";
import { URL } from "holdfast:url/url.js";

export async function a_blob_has_a_url_that_fetch_knows() {
  const url = URL.createObjectURL(new Blob(["text"], { type: "a/b" }));
  ok(/^blob:null\/[0-9a-f-]{36}$/.test(url));
  const response = await fetch(`${url}#part`);
  equal([...response.headers], [["content-length", "4"], ["content-type", "a/b"]]);
  same(response.url, url);
  same(response.type, "basic");
  same(await response.text(), "text");
  await rejects(fetch(url, { method: "POST" }), TypeError);
  await rejects(fetch(`${url}?x`), TypeError);
}

export async function a_revoked_url_names_nothing_but_in_requests_made_before() {
  const url = URL.createObjectURL(new Blob(["text"]));
  const request = new Request(url);
  URL.revokeObjectURL(`${url}#part`);
  same(await (await fetch(url)).text(), "text");
  URL.revokeObjectURL(url);
  await rejects(fetch(url), TypeError);
  same(await (await fetch(request.clone())).text(), "text");
  same(await (await fetch(new Request(request))).text(), "text");
}

export function only_blobs_have_urls() {
  throws(() => URL.createObjectURL({}), TypeError);
  throws(() => URL.createObjectURL(), TypeError);
  throws(() => URL.revokeObjectURL(), TypeError);
  same(URL.revokeObjectURL("blob:null/x"), undefined);
}
