// What file streams call: functions of node:fs, of which a script may give its own as `fs`, or the
// methods of a FileHandle. Each has the same form here, with a callback.

import { Buffer } from "./buffer.js";
import { nodeError, requireFunction } from "./errors.js";
import { closeSync, fsyncSync, opened, openSync, readFrom, writeTo } from "./fs-files.js";
import { nextTick } from "./stream-base.js";

/** Files in memory answer at once. */
const called =
  (run) =>
  (...args) => {
    const callback = args.pop();
    let result;
    try {
      result = run(...args);
    } catch (error) {
      return void callback(error);
    }
    callback(null, result);
  };

const own = {
  open: called(openSync),
  read: called((fd, size, position) =>
    Buffer.from(readFrom(opened(fd, "read"), position, size)),
  ),
  // Not in the same job, so that who writes on and on is told to wait.
  write: (fd, chunk, position, callback) =>
    nextTick(
      called(() => writeTo(opened(fd, "write"), chunk, position)),
      callback,
    ),
  fsync: called(fsyncSync),
  close: called(closeSync),
};
const NAMES = ["open", "read", "write", "writev", "fsync", "close"];

/** The calls of a script's own functions, and of node:fs where it gives none. */
function callsOf(given) {
  const calls = { ...own };
  for (const name of NAMES) {
    if (given[name] === undefined || given[name] === null) continue;
    requireFunction(given[name], `options.fs.${name}`);
    calls[name] = (...args) => given[name](...args);
  }
  if (given.read)
    calls.read = (fd, size, position, callback) =>
      given.read(fd, Buffer.allocUnsafeSlow(size), 0, size, position, (error, count, buffer) =>
        callback(error, error ? undefined : buffer.subarray(0, count)),
      );
  if (given.write)
    calls.write = (fd, chunk, position, callback) =>
      given.write(fd, chunk, 0, chunk.length, position, callback);
  else if (given.writev)
    calls.write = (fd, chunk, position, callback) => given.writev(fd, [chunk], position, callback);
  return calls;
}

/** The calls of a FileHandle. */
function callsOfHandle(handle) {
  const settle = (promise, callback, part) =>
    void promise.then(
      (result) => callback(null, part(result)),
      (error) => callback(error),
    );
  return {
    read: (_, size, position, callback) =>
      settle(
        handle.read(Buffer.allocUnsafeSlow(size), 0, size, position),
        callback,
        ({ bytesRead, buffer }) => buffer.subarray(0, bytesRead),
      ),
    write: (_, chunk, position, callback) =>
      settle(
        handle.write(chunk, 0, chunk.length, position),
        callback,
        ({ bytesWritten }) => bytesWritten,
      ),
    fsync: (_, callback) => settle(handle.sync(), callback, () => undefined),
    close: (_, callback) => settle(handle.close(), callback, () => undefined),
  };
}

/** What a stream calls, by its options. */
export function streamCalls({ fs }, handle) {
  if (handle === undefined) return fs ? callsOf(fs) : own;
  if (!fs) return callsOfHandle(handle);
  throw nodeError(
    Error,
    "ERR_METHOD_NOT_IMPLEMENTED",
    "The FileHandle with fs method is not implemented",
  );
}
