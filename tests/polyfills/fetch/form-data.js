import { ok, same, equal, throws } from "./assert.js";
import { FormData } from "holdfast:fetch/form-data.js";
import { Blob } from "holdfast:files/blob.js";
import { File } from "holdfast:files/file.js";

export function entries_keep_their_order() {
  const form = new FormData();
  form.append("a", "1");
  form.append("b", 2);
  form.append("a", "3");
  equal([...form], [["a", "1"], ["b", "2"], ["a", "3"]]);
  same(form.get("a"), "1");
  same(form.get("c"), null);
  equal(form.getAll("a"), ["1", "3"]);
  form.set("a", "4");
  equal([...form], [["a", "4"], ["b", "2"]]);
  form.set("z", "5");
  form.delete("a");
  equal([...form.keys()], ["b", "z"]);
  ok(form.has("b"));
  ok(!form.has("a"));
}

export async function blobs_become_files() {
  const form = new FormData();
  const file = new File(["x"], "x.txt", { type: "a/b", lastModified: 7 });
  form.append("blob", new Blob(["b"], { type: "c/d" }));
  form.append("named", new Blob(["b"]), "name");
  form.append("file", file);
  form.append("renamed", file, "other");
  const [blob, named, same_file, renamed] = [...form.values()];
  same(blob.name, "blob");
  same(blob.type, "c/d");
  same(await blob.text(), "b");
  same(named.name, "name");
  same(same_file, file);
  same(renamed.name, "other");
  same(renamed.lastModified, 7);
  same(await renamed.text(), "x");
}

export function arguments_are_checked() {
  const form = new FormData();
  throws(() => form.append("a"), TypeError);
  throws(() => form.set("a"), TypeError);
  throws(() => form.append("a", "b", "c"), TypeError);
  throws(() => form.get(), TypeError);
  throws(() => new FormData(1), TypeError);
  throws(() => FormData(), TypeError);
  throws(() => FormData.prototype.entries.call({}), TypeError);
  form.append("\ud800", "\ud800");
  equal([...form], [["\ufffd", "\ufffd"]]);
}

export function iteration_sees_what_is_added_meanwhile() {
  const form = new FormData();
  form.append("a", "1");
  const seen = [];
  for (const [name] of form) {
    seen.push(name);
    if (seen.length < 3) form.append(`b${seen.length}`, "");
  }
  equal(seen, ["a", "b1", "b2"]);
}
