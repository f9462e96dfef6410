// `import.meta` of a script's modules, which lie in the folder `/bundle` of node:fs.
// https://developers.cloudflare.com/workers/configuration/compatibility-flags/#new-module-registry

import { URL } from "../url/url.js";

const FOLDER = "/bundle/";

/** Say to a module, by its `import.meta`, where it is. */
export function describe(meta, name, isMain) {
  const { href } = new URL(encodeURI(name).replace(/[?#]/g, encodeURIComponent), `file://${FOLDER}`);
  meta.main = isMain;
  meta.url = href;
  meta.filename = FOLDER + name;
  meta.dirname = meta.filename.slice(0, meta.filename.lastIndexOf("/"));
  meta.resolve = (specifier) => new URL(specifier, href).href;
}
