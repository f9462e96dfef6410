import { equal, ok, same, throws } from "./assert.js";

const EVENTS = ["loadstart", "progress", "load", "abort", "error", "loadend"];

/** The result of reading, with the events that came. */
function read(blob, method, ...rest) {
  const reader = new FileReader();
  const seen = [];
  for (const type of EVENTS) {
    reader[`on${type}`] = (event) => seen.push(`${event.type} ${event.loaded}/${event.total} ${reader.readyState}`);
  }
  return new Promise((resolve) => {
    reader.addEventListener("loadend", () => resolve({ result: reader.result, seen, reader }));
    reader[method](blob, ...rest);
    seen.push(`called ${reader.readyState} ${reader.result}`);
  });
}

const text = async (blob, label) => (await read(blob, "readAsText", label)).result;
const blobOf = (hex, type) => new Blob([Uint8Array.fromHex(hex)], { type });

export async function events_come_in_order_while_the_state_changes() {
  const { seen, reader } = await read(new Blob(["abc"]), "readAsText");
  equal(seen, ["called 1 null", "loadstart 0/3 1", "progress 3/3 1", "load 3/3 2", "loadend 3/3 2"]);
  same(reader.error, null);
  equal((await read(new Blob([]), "readAsText")).seen, [
    "called 1 null", "loadstart 0/0 1", "load 0/0 2", "loadend 0/0 2",
  ]);
}

export async function text_is_decoded_by_mark_label_type_or_as_utf8() {
  same(await text(new Blob(["h\u00e9"])), "h\u00e9");
  same(await text(blobOf("e9")), "\ufffd");
  same(await text(blobOf("e9"), "latin1"), "\u00e9");
  same(await text(blobOf("e9", "text/plain;charset=windows-1252")), "\u00e9");
  same(await text(blobOf("e9"), "no such thing"), "\ufffd");
  same(await text(blobOf("61003c00"), "utf-16"), "a<");
  same(await text(blobOf("feff0061"), "utf-8"), "a");
  same(await text(blobOf("efbbbf61"), "utf-16"), "a");
  same(await text(blobOf("61"), "replacement"), "\ufffd");
}

export async function bytes_urls_and_binary_strings() {
  const blob = new Blob([Uint8Array.fromHex("00ff41")], { type: "image/x" });
  const { result } = await read(blob, "readAsArrayBuffer");
  ok(result instanceof ArrayBuffer);
  same(new Uint8Array(result).toHex(), "00ff41");
  same((await read(blob, "readAsDataURL")).result, "data:image/x;base64,AP9B");
  same((await read(new Blob([]), "readAsDataURL")).result, "data:application/octet-stream;base64,");
  same((await read(blob, "readAsBinaryString")).result, "\x00\xffA");
}

export async function an_abort_ends_the_reading_at_once() {
  const reader = new FileReader();
  const seen = [];
  for (const type of EVENTS) reader.addEventListener(type, () => seen.push(type));
  reader.abort();
  reader.readAsText(new Blob(["x"]));
  throws(() => reader.readAsText(new Blob(["x"])), "InvalidStateError");
  reader.abort();
  equal(seen, ["abort", "loadend"]);
  same(reader.readyState, FileReader.DONE);
  same(reader.result, null);
  await new Promise((resolve) => setTimeout(resolve, 0));
  equal(seen, ["abort", "loadend"]);
}

export async function a_handler_may_read_again() {
  const reader = new FileReader();
  const seen = [];
  await new Promise((resolve) => {
    reader.onload = () => {
      seen.push(reader.result);
      if (seen.length === 1) reader.readAsText(new Blob(["2"]));
    };
    reader.onloadend = () => resolve(seen.push("end"));
    reader.readAsText(new Blob(["1"]));
  });
  equal(seen, ["1", "2", "end"]);
}

export function arguments_are_checked() {
  const reader = new FileReader();
  throws(() => reader.readAsText(), TypeError);
  throws(() => reader.readAsText("text"), TypeError);
  throws(() => reader.readAsText(null), TypeError);
  equal([FileReader.EMPTY, FileReader.LOADING, reader.DONE], [0, 1, 2]);
  throws(() => structuredClone(reader), "DataCloneError");
  const event = new ProgressEvent("x", { loaded: 3, total: "4", lengthComputable: 1 });
  equal([event.loaded, event.total, event.lengthComputable], [3, 4, true]);
}
