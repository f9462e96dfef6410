// node:_stream_wrap: a stream as a handle of libuv's, which is not here.

import { absentFrom } from "./errors.js";

export default absentFrom("_stream_wrap").JSStreamSocket;
