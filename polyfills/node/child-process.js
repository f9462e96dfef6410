// node:child_process, of a machine without processes: https://nodejs.org/docs/latest-v20.x/api/child_process.html

import { absentFrom } from "./errors.js";

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
} = absentFrom("child_process");

export default {
  ChildProcess,
  _forkChild,
  exec,
  execFile,
  execFileSync,
  execSync,
  fork,
  spawn,
  spawnSync,
};
