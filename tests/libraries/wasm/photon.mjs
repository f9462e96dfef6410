import { PhotonImage, grayscale, resize, SamplingFilter } from "@cf-wasm/photon";
export default { async fetch() {
  const image = new PhotonImage(new Uint8Array(8 * 8 * 4).fill(200), 8, 8);
  grayscale(image);
  const small = resize(image, 4, 4, SamplingFilter.Nearest);
  const png = small.get_bytes();
  const told = [small.get_width(), png[1]].join();
  small.free(); image.free();
  return new Response(told === "4,80" ? "ok" : told);
} };
