// node:_stream_readable, as packages from before `node:stream` had it all ask for it: the class alone.

import { Readable } from "./stream.js";

export { Readable };
export const { from, fromWeb, ReadableState, toWeb, wrap } = Readable;
export default Readable;
