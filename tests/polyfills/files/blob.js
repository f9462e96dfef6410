import { ok, same, equal, throws, rejects } from "./assert.js";
import { Blob } from "holdfast:files/blob.js";
import { File } from "holdfast:files/file.js";

const bytes = (...list) => new Uint8Array(list);

export async function a_blob_joins_its_parts() {
  const blob = new Blob(["é", bytes(1, 2), bytes(3, 4, 5).buffer, new DataView(bytes(6, 7).buffer, 1), new Blob(["z"]), 5, null]);
  equal(await blob.bytes(), bytes(0xc3, 0xa9, 1, 2, 3, 4, 5, 7, 0x7a, 0x35, 0x6e, 0x75, 0x6c, 0x6c));
  same(blob.size, 14);
  same(blob.type, "");
}

export async function a_blob_keeps_no_hold_on_what_it_was_made_of() {
  const source = bytes(1, 2);
  const blob = new Blob([source]);
  source[0] = 9;
  const copy = await blob.arrayBuffer();
  new Uint8Array(copy)[1] = 9;
  equal(await blob.bytes(), bytes(1, 2));
}

export function types_are_lower_case_ascii() {
  same(new Blob([], { type: "Text/PLAIN;Charset=x" }).type, "text/plain;charset=x");
  same(new Blob([], { type: "té" }).type, "");
  same(new Blob([], { type: "a\u007f" }).type, "");
  same(new Blob([], { type: null }).type, "null");
  same(new Blob([], null).type, "");
}

export async function native_endings_are_those_of_unix() {
  same(await new Blob(["a\r\nb\rc\n\r\n"], { endings: "native" }).text(), "a\nb\nc\n\n");
  same(await new Blob(["a\r\nb"], { endings: "transparent" }).text(), "a\r\nb");
  throws(() => new Blob([], { endings: "other" }), TypeError);
}

export async function slices_follow_array_rules_and_have_a_type_of_their_own() {
  const blob = new Blob(["0123456789"], { type: "a/b" });
  same(await blob.slice(2, 5).text(), "234");
  same(await blob.slice(-3).text(), "789");
  same(await blob.slice(-3, -1).text(), "78");
  same(await blob.slice(5, 2).text(), "");
  same(await blob.slice(20).text(), "");
  same(await blob.slice(NaN, undefined).text(), "0123456789");
  same(await blob.slice(0, 2, "X/Y").slice(1).text(), "1");
  same(blob.slice().type, "");
  same(blob.slice(0, 1, "X/Y").type, "x/y");
  same(blob.slice(0, 1, "é").type, "");
}

export function only_iterables_are_parts() {
  for (const parts of [null, 1, "ab", true, {}]) throws(() => new Blob(parts), TypeError);
  throws(() => new Blob([], 1), TypeError);
  throws(() => new Blob([Symbol("s")]), TypeError);
  throws(() => Blob([]), TypeError);
  same(new Blob().size, 0);
  same(new Blob(new Set(["a", "b"])).size, 2);
}

export function options_are_read_in_order() {
  const log = [];
  const options = {
    get type() { log.push("type"); return ""; },
    get endings() { log.push("endings"); return undefined; },
    get lastModified() { log.push("lastModified"); return 5; },
  };
  new Blob([{ toString: () => (log.push("part"), "") }], options);
  new File([], { toString: () => (log.push("name"), "n") }, options);
  equal(log, ["part", "endings", "type", "name", "endings", "type", "lastModified"]);
}

export async function a_file_has_a_name_and_a_time() {
  const file = new File(["x"], "a\ud800/b", { type: "T/x", lastModified: 5.7 });
  same(file.name, "a\ufffd/b");
  same(file.lastModified, 5);
  same(file.type, "t/x");
  same(await file.text(), "x");
  ok(file instanceof Blob);
  ok(new File([], "a").lastModified > 1e12);
  same(Object.prototype.toString.call(file), "[object File]");
  throws(() => new File([]), TypeError);
  throws(() => new File(undefined, "a"), TypeError);
}

export async function methods_of_something_else_reject() {
  await rejects(Blob.prototype.text.call({}), TypeError);
  await rejects(Blob.prototype.arrayBuffer.call({}), TypeError);
  await rejects(Blob.prototype.bytes.call({}), TypeError);
  throws(() => Blob.prototype.slice.call({}), TypeError);
}
