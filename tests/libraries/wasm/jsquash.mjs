import encodePng, { init as initEncode } from "@jsquash/png/encode.js";
import decodePng, { init as initDecode } from "@jsquash/png/decode.js";
import wasm from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm";
import encodeJpeg, { init as initJpeg } from "@jsquash/jpeg/encode.js";
import jpegWasm from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm";
import decodeJpeg, { init as initJpegDecode } from "@jsquash/jpeg/decode.js";
import jpegDecWasm from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
globalThis.ImageData ??= class ImageData { constructor(data, width, height) { this.data = data; this.width = width; this.height = height; } };
export default { async fetch() {
  await initEncode(wasm); await initDecode(wasm); await initJpeg(jpegWasm); await initJpegDecode(jpegDecWasm);
  const data = new Uint8ClampedArray(16 * 16 * 4).map((_, i) => i % 4 === 3 ? 255 : i);
  const png = await encodePng({ data, width: 16, height: 16 });
  const back = await decodePng(png);
  const jpeg = await encodeJpeg({ data, width: 16, height: 16 }, { quality: 90 });
  const from = await decodeJpeg(jpeg);
  const same = back.data.every((v, i) => v === data[i]);
  return new Response(same && from.width === 16 && new Uint8Array(jpeg)[0] === 255 ? "ok" : JSON.stringify([same, from.width]));
} };
