// Piping a Readable into a Writable.
// https://nodejs.org/docs/latest-v20.x/api/stream.html#readablepipedestination-options

import { fail, nextTick } from "./stream-base.js";

/** Has everything that `this` reads written to the destination, at its pace. */
export function pipe(destination, options = undefined) {
  const source = this;
  const state = this._readableState;
  state.pipes.push(destination);
  const endsIt = options?.end !== false && !destination._isStdio;
  const onEnd = () => destination.end();
  const stop = () => source.unpipe(destination);
  const finish = endsIt ? onEnd : stop;
  let drainListener;
  const pause = () => {
    state.awaitingDrain.add(destination);
    source.pause();
    if (drainListener !== undefined) return;
    drainListener = () => {
      state.awaitingDrain.delete(destination);
      if (state.awaitingDrain.size === 0 && source.listenerCount("data") > 0) source.resume();
    };
    destination.on("drain", drainListener);
  };
  const onData = (chunk) => {
    if (destination.write(chunk) === false && !cleaned) pause();
  };
  const onError = (error) => {
    stop();
    destination.removeListener("error", onError);
    if (destination.listenerCount("error") === 0) {
      const half = destination._writableState ?? destination._readableState;
      if (half && !half.errorEmitted) fail(destination, error);
      else destination.emit("error", error);
    }
  };
  const onClose = () => {
    destination.removeListener("finish", onFinish);
    stop();
  };
  const onFinish = () => {
    destination.removeListener("close", onClose);
    stop();
  };
  let cleaned = false;
  const onUnpipe = (readable, info) => {
    if (readable !== source || info?.hasUnpiped !== false) return;
    info.hasUnpiped = true;
    cleaned = true;
    destination.removeListener("close", onClose);
    destination.removeListener("finish", onFinish);
    if (drainListener) destination.removeListener("drain", drainListener);
    destination.removeListener("error", onError);
    destination.removeListener("unpipe", onUnpipe);
    source.removeListener("end", finish);
    source.removeListener("data", onData);
    if (drainListener && state.awaitingDrain.size > 0 && destination._writableState?.needDrain)
      drainListener();
  };
  if (state.endEmitted) nextTick(finish);
  else source.once("end", finish);
  destination.on("unpipe", onUnpipe);
  source.on("data", onData);
  destination.prependListener("error", onError);
  destination.once("close", onClose);
  destination.once("finish", onFinish);
  destination.emit("pipe", source);
  if (destination.writableNeedDrain === true) pause();
  else if (!state.flowing) source.resume();
  return destination;
}

/** Stops piping into one destination, or into all. */
export function unpipe(destination = undefined) {
  const state = this._readableState;
  if (state.pipes.length === 0) return this;
  if (destination === undefined) {
    const all = state.pipes.splice(0);
    this.pause();
    for (const each of all) each.emit("unpipe", this, { hasUnpiped: false });
    return this;
  }
  const at = state.pipes.indexOf(destination);
  if (at === -1) return this;
  state.pipes.splice(at, 1);
  if (state.pipes.length === 0) this.pause();
  destination.emit("unpipe", this, { hasUnpiped: false });
  return this;
}
