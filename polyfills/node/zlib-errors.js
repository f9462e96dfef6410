// What the host says went wrong, with Node.js's code and number: see host/node_zlib_coders.py.

const CODED = /^\[(\w+) (-?\d+)\] (.*)$/s;

export function coded(error) {
  if (error instanceof RangeError) {
    error.code = "ERR_BUFFER_TOO_LARGE";
    return error;
  }
  const found = CODED.exec(error.message);
  if (found === null) return error;
  const [, code, errno, message] = found;
  return Object.assign(new Error(message), { errno: Number(errno), code });
}
