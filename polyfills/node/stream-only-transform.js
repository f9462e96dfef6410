// node:_stream_transform, as packages from before `node:stream` had it all ask for it: the class alone.

import { Transform } from "./stream.js";

export { Transform };
export default Transform;
