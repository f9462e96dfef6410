// node:_stream_writable, as packages from before `node:stream` had it all ask for it: the class alone.

import { Writable } from "./stream.js";

export { Writable };
export const { fromWeb, toWeb, WritableState } = Writable;
export default Writable;
