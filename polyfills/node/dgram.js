// node:dgram; Workers have no UDP: https://nodejs.org/docs/latest-v20.x/api/dgram.html

import { absentFrom } from "./errors.js";

const missing = absentFrom("dgram");
export const { Socket, createSocket } = missing;

export default { ...missing };
