// node:tty, where nothing is a terminal: https://nodejs.org/docs/latest-v20.x/api/tty.html

import { absentFrom } from "./errors.js";

export const isatty = () => false;
const missing = absentFrom("tty");
export const { ReadStream, WriteStream } = missing;

export default { ...missing, isatty };
