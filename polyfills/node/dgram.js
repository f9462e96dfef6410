// node:dgram; Workers have no UDP: https://nodejs.org/docs/latest-v20.x/api/dgram.html

import { absentFrom } from "./errors.js";

export const {
  Socket,
  createSocket,
} = absentFrom("dgram");

export default {
  Socket,
  createSocket,
};
