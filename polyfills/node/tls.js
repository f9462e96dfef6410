// node:tls, connections that are encrypted: https://nodejs.org/docs/latest-v20.x/api/tls.html
//
// The runtime checks certificates, against the machine's own list; scripts have no say in it.

import { Buffer } from "./buffer.js";
import { absentFrom, nodeError, outOfRange, requireFunction } from "./errors.js";
import { _normalizeArgs, createServer, Server, Socket } from "./net.js";
import { nextTick } from "./stream-base.js";
import { checkServerIdentity } from "./tls-identity.js";

export const CLIENT_RENEG_LIMIT = 3;
export const CLIENT_RENEG_WINDOW = 600;
export const DEFAULT_CIPHERS = "";
export const DEFAULT_ECDH_CURVE = "auto";
export const DEFAULT_MAX_VERSION = "TLSv1.3";
export const DEFAULT_MIN_VERSION = "TLSv1.2";
export const rootCertificates = [];

const MAX_NAME_BYTES = 255;

/** Refuses what would be ignored otherwise: who pins a certificate relies on it. */
function checkOptions({ checkServerIdentity: check, secureContext } = {}) {
  if (secureContext !== undefined && !(secureContext instanceof SecureContext))
    throw nodeError(TypeError, "ERR_TLS_INVALID_CONTEXT", "context must be a SecureContext");
  if (check === undefined || check === checkServerIdentity) return;
  requireFunction(check, "options.checkServerIdentity");
  const message = "The options.checkServerIdentity option is not implemented";
  throw nodeError(Error, "ERR_OPTION_NOT_IMPLEMENTED", message);
}

/** A connection with TLS: one of its own, or one that goes on with `socket`'s. */
export function TLSSocket(socket = undefined, options = undefined) {
  if (!(this instanceof TLSSocket)) return new TLSSocket(socket, options);
  checkOptions(options);
  Socket.call(this, socket ? { ...options, allowHalfOpen: socket.allowHalfOpen } : options);
  this.encrypted = true;
  this.authorized = false;
  this.authorizationError = null;
  this.alpnProtocol = false;
  this.once("connect", () => {
    this.authorized = true;
    this.emit("secure");
    this.emit("secureConnect");
  });
  if (socket instanceof Socket) this._goOnWith(socket, options);
}
Object.setPrototypeOf(TLSSocket.prototype, Socket.prototype);
Object.setPrototypeOf(TLSSocket, Socket);

Object.assign(TLSSocket.prototype, {
  _goOnWith(socket, options) {
    this.connecting = true;
    const start = () => {
      this._host = socket._host;
      this._port = socket._port;
      try {
        const expectedServerHostname = options?.servername || undefined;
        this._attach(socket._detach().startTls({ expectedServerHostname }));
      } catch (error) {
        nextTick(() => this.destroy(error));
      }
    };
    if (socket.pending) socket.once("connect", start);
    else start();
  },

  getCipher: () => ({}),
  getEphemeralKeyInfo: () => ({}),
  getPeerCertificate: () => ({}),
  getProtocol: () => DEFAULT_MAX_VERSION,
  getSession: () => undefined,
  isSessionReused: () => false,
  setMaxSendFragment: () => true,
  setServername: () => {},
});

export function connect(...args) {
  const [options, listener] = _normalizeArgs(args);
  const extra = args.find((arg, i) => i > 0 && arg !== null && typeof arg === "object");
  const wanted = { ...options, ...extra };
  const socket = new TLSSocket(wanted.socket, wanted);
  if (wanted.timeout) socket.setTimeout(wanted.timeout);
  if (listener !== null) socket.once("secureConnect", listener);
  if (wanted.socket === undefined) socket.connect({ ...wanted, _secureTransport: "on" });
  return socket;
}

export const createSecureContext = () => new SecureContext();
export const getCiphers = () => [];

export function SecureContext() {
  if (!(this instanceof SecureContext)) return new SecureContext();
}

/** Names of protocols as the handshake has them: each behind a byte with its length. */
export function convertALPNProtocols(protocols, out) {
  if (!Array.isArray(protocols)) {
    out.ALPNProtocols = Buffer.from(protocols);
    return;
  }
  const names = protocols.map((name) => Buffer.from(name));
  for (const [i, { length }] of names.entries())
    if (length > MAX_NAME_BYTES) {
      const what = `The byte length of the protocol at index ${i} exceeds the maximum length.`;
      throw outOfRange("protocols", `<= ${MAX_NAME_BYTES}`, length, what);
    }
  out.ALPNProtocols = Buffer.concat(names.flatMap((name) => [Buffer.from([name.length]), name]));
}

/** A certificate whose `infoAccess`, lines of text, is lists by their keys; so its issuers'. */
export function translatePeerCertificate(certificate) {
  if (!certificate) return null;
  const { issuerCertificate, infoAccess } = certificate;
  if (issuerCertificate !== undefined && issuerCertificate !== null)
    if (issuerCertificate !== certificate)
      certificate.issuerCertificate = translatePeerCertificate(issuerCertificate);
  if (infoAccess !== undefined && infoAccess !== null) {
    const lists = { __proto__: null };
    for (const [, key, text] of infoAccess.matchAll(/([^\n:]*):([^\n]*)(?:\n|$)/g))
      (lists[key] ??= []).push(text.startsWith('"') ? JSON.parse(text) : text);
    certificate.infoAccess = lists;
  }
  return certificate;
}

const missing = absentFrom("tls");
export const { createSecurePair } = missing;
export { checkServerIdentity, createServer, Server };

export default {
  ...missing,
  checkServerIdentity,
  CLIENT_RENEG_LIMIT,
  CLIENT_RENEG_WINDOW,
  connect,
  convertALPNProtocols,
  createSecureContext,
  createServer,
  DEFAULT_CIPHERS,
  DEFAULT_ECDH_CURVE,
  DEFAULT_MAX_VERSION,
  DEFAULT_MIN_VERSION,
  getCiphers,
  rootCertificates,
  SecureContext,
  Server,
  TLSSocket,
};
