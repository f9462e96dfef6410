// node:_stream_duplex, as packages from before `node:stream` had it all ask for it: the class alone.

import { Duplex } from "./stream.js";

export { Duplex };
export const { from, fromWeb, toWeb } = Duplex;
export default Duplex;
