import assert from "node:assert/strict";
import { decode, encode } from "cbor-x";
import { gunzipSync, gzipSync, strFromU8, strToU8 } from "fflate";
import JSZip from "jszip";
import { pack, unpack } from "msgpackr";
import { PDFDocument, StandardFonts } from "pdf-lib";
import protobuf from "protobufjs";

export default {
  async fetch() {
    const Type = protobuf
      .parse('syntax = "proto3"; message T { string a = 1; repeated int32 b = 2; }')
      .root.lookupType("T");
    assert.deepEqual(Type.toObject(Type.decode(Type.encode({ a: "x", b: [1, -2] }).finish())), {
      a: "x",
      b: [1, -2],
    });
    const value = { a: [1, "é", null, 1.5], when: new Date(0), bytes: new Uint8Array([1, 2]) };
    assert.deepEqual({ ...unpack(pack(value)), bytes: 0 }, { ...value, bytes: 0 });
    assert.deepEqual({ ...decode(encode(value)), bytes: 0 }, { ...value, bytes: 0 });
    assert.equal(strFromU8(gunzipSync(gzipSync(strToU8("text")))), "text");
    const zip = new JSZip();
    zip.file("folder/a.txt", "hello");
    const packed = await zip.generateAsync({ type: "uint8array", compression: "DEFLATE" });
    assert.equal(
      await (await JSZip.loadAsync(packed)).file("folder/a.txt").async("string"),
      "hello",
    );
    const pdf = await PDFDocument.create();
    pdf.addPage().drawText("hello", { font: await pdf.embedFont(StandardFonts.Helvetica) });
    assert.equal((await PDFDocument.load(await pdf.save())).getPageCount(), 1);
    return new Response("ok");
  },
};
