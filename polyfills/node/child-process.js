// node:child_process, of a machine without processes: https://nodejs.org/docs/latest-v20.x/api/child_process.html

import { absentFrom } from "./errors.js";

const missing = absentFrom("child_process");
export const {
  ChildProcess,
  _forkChild,
  exec,
  execFile,
  execFileSync,
  execSync,
  fork,
  spawn,
  spawnSync,
} = missing;

export default { ...missing };
