// node:_stream_passthrough, as packages from before `node:stream` had it all ask for it: the class alone.

import { PassThrough } from "./stream.js";

export { PassThrough };
export default PassThrough;
