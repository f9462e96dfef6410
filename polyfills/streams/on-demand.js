// The streams of bodies and blobs, loaded with the first of them: host-stream.js, for those parts
// of the runtime that every script has and that seldom meet a stream.

import { lazily } from "../kernel/lazy.js";
import "./promises.js"; // it takes `then` before a script can change it

export { isReadableStream } from "./brand.js";

const streams = lazily("streams/host-stream.js");

export const createByteStream = (bytes) => streams().createByteStream(bytes);
export const createHostStream = (source) => streams().createHostStream(source);
export const createSpentStream = () => streams().createSpentStream();
export const hostSourceOf = (stream) => streams().hostSourceOf(stream);
export const isDisturbed = (stream) => streams().isDisturbed(stream);
export const isLocked = (stream) => streams().isLocked(stream);
export const knownLength = (stream) => streams().knownLength(stream);
export const markDisturbed = (stream) => streams().markDisturbed(stream);
export const readAllBytes = (stream, convert) => streams().readAllBytes(stream, convert);
export const streamFromIterable = (iterable) => streams().streamFromIterable(iterable);
export const takeHostSource = (stream) => streams().takeHostSource(stream);
export const teeForClone = (stream) => streams().teeForClone(stream);

/** A HostReader, which locks the stream; throws a TypeError if it is locked. */
export const lockedReader = (stream) => new (streams().HostReader)(stream);
