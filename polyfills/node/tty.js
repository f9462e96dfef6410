// node:tty, where nothing is a terminal: https://nodejs.org/docs/latest-v20.x/api/tty.html

import { absent } from "./errors.js";

export const isatty = () => false;
export const { ReadStream, WriteStream } = absent("tty", ["ReadStream", "WriteStream"]);

export default { isatty, ReadStream, WriteStream };
