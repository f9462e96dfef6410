import net from "node:net";
import tls from "node:tls";
import dns from "node:dns";
import dnsp from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import { attempt, told } from "./shared/attempt.mjs";
import { inspect } from "node:util";

export default async function run(log) {
  for (const t of ["127.0.0.1", "1.2.3", "::1", "::", "::ffff:1.2.3.4", "1::2::3", "fe80::1%eth0", "fe80::1%", "01.2.3.4", "1.2.3.4.", "[::1]", "", undefined, null, 5, "::1.2.3.4", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:8:9", ":1", "1:", "::1:", "1.2.3.4:80", ["127.0.0.1"], {toString(){return "127.0.0.1"}}, "256.1.1.1", "::ffff:1.2.3.256", "1:2:3:4:5:6:1.2.3.4", "::%1", "fe80::1%a b"]) log(inspect(t), net.isIP(t), net.isIPv4(t), net.isIPv6(t));
  for (const p of [-1, 65536, 1.5, "x", "80", NaN, null]) log(inspect(p), attempt(() => { const s = net.connect({ port: p, host: "127.0.0.1" }); s.on("error", () => {}); s.destroy(); return s.connecting; }));
  log(attempt(() => net.connect()), attempt(() => net.connect({})));
  const s = new net.Socket(); log(s.connecting, s.pending, s.readyState, s.remoteAddress, s.remotePort, s.remoteFamily, s.localAddress, s.localPort, s.timeout, s.destroyed, s.bytesRead, s.bytesWritten, inspect(s.address()), s.allowHalfOpen, s.readable, s.writable, s.autoSelectFamilyAttemptedAddresses);
  log(attempt(() => s.setTimeout("x")), attempt(() => s.setTimeout(-1)), attempt(() => s.setTimeout(5, 5)), attempt(() => s.setTimeout(Infinity)), attempt(() => s.setTimeout(0) === s), attempt(() => s.setNoDelay() === s), attempt(() => s.setKeepAlive() === s), attempt(() => s.ref() === s));
  log(s.destroy() === s, s.destroyed, s.readyState);
    log(attempt(() => net.getDefaultAutoSelectFamily()), attempt(() => net.setDefaultAutoSelectFamily(5)), attempt(() => net.getDefaultAutoSelectFamilyAttemptTimeout()), attempt(() => net.setDefaultAutoSelectFamilyAttemptTimeout(0)), attempt(() => net.setDefaultAutoSelectFamilyAttemptTimeout("x")));
  const cb = (fn, ...args) => new Promise((r) => fn(...args, (...x) => r(inspect(x.map((y) => y instanceof Error ? told(y) : y)))));
  log(await cb(dns.lookup, "127.0.0.1"), await cb(dns.lookup, "::1"), await cb(dns.lookup, "127.0.0.1", { all: true }), await cb(dns.lookup, "127.0.0.1", 4), await cb(dns.lookup, "127.0.0.1", { family: 4 }));
  log(await cb(dns.lookup, ""), await cb(dns.lookup, null), await cb(dns.lookup, "", { all: true }), inspect(await dnsp.lookup("127.0.0.1")), inspect(await dnsp.lookup("::1", { all: true })), inspect(await dnsp.lookup("")), inspect(await dnsp.lookup("", { all: true })));
  log(await cb(dns.lookup, "localhost", { family: 4 }));
  for (const args of [[5], [{}, () => {}], ["x"], ["x", { family: 5 }, () => {}], ["x", { hints: 1 }, () => {}], ["x", "y", () => {}], ["x", 7, () => {}], ["x", { all: 5 }, () => {}], ["x", { verbatim: 5 }, () => {}], ["x", { order: "z" }, () => {}]]) log(inspect(args), attempt(() => dns.lookup(...args)));
  for (const args of [[5], ["x", { family: 5 }], ["x", 7]]) log(inspect(args), await Promise.resolve().then(() => dnsp.lookup(...args)).then(inspect, told));
  log(dns.getDefaultResultOrder(), attempt(() => dns.setDefaultResultOrder("zz")), attempt(() => dns.setDefaultResultOrder("ipv4first")), dns.getDefaultResultOrder(), dnsp.getDefaultResultOrder(), attempt(() => dns.setServers("x")), attempt(() => dns.setServers(["nope"])));
  log(dns.promises === dnsp, dns.NODATA, dnsp.NODATA);

  for (const [url, o] of [["ftp://x"], ["https://x"], ["http://x", { method: "B D" }], ["http://x", { method: 5 }], [{ path: "a b" }], [{ path: "/é€" }], [{ protocol: "https:" }], [{ headers: { "a b": 1 } }], [{ headers: { a: undefined } }], [{ headers: { a: "\n" } }], [{ hostname: 5 }], [{ host: {} }], [{ agent: 5 }], [{ timeout: "x" }], [{ insecureHTTPParser: 5 }], [{ joinDuplicateHeaders: 5 }]]) log(inspect(url), inspect(o), attempt(() => { const r = http.request(url, o); r.on("error", () => {}); r.destroy(); return [r.method, r.path, r.host, r.protocol, r.getHeaders()]; }));
  const rq = http.request({ host: "127.0.0.1", port: 1, headers: { A: "1", b: ["x", "y"] }, auth: "u:p", method: "post" }); rq.on("error", () => {});
  log(rq.method, rq.path, rq.host, rq.protocol, inspect(rq.getHeaders()), inspect(rq.getHeaderNames()), inspect(rq.getRawHeaderNames()), rq.getHeader("HOST"), rq.hasHeader("a"), rq.maxHeadersCount, rq.reusedSocket, rq.aborted, rq.finished, rq.headersSent, rq.writableEnded, rq.shouldKeepAlive, rq.useChunkedEncodingByDefault, rq.sendDate);
  log(attempt(() => rq.setHeader("é", 1)), attempt(() => rq.setHeader("a")), attempt(() => rq.setHeader("a", "\r")), attempt(() => rq.getHeader(5)), attempt(() => rq.removeHeader(5)), attempt(() => rq.setHeader("a", ["1", "\n"])), attempt(() => rq.setHeaders({})), attempt(() => rq.setHeaders(new Map([["x", "y"]])) === rq), attempt(() => rq.appendHeader("x", "z") === rq), inspect(rq.getHeader("x")), attempt(() => rq.removeHeader("x")), attempt(() => rq.setTimeout(5) === rq), attempt(() => rq.setTimeout("x")), attempt(() => rq.appendHeader("b", ["z"]) === rq), inspect(rq.getHeader("b")), attempt(() => rq.write(null)));
  rq.destroy(); log(rq.destroyed);
  const r = new http.ServerResponse({ method: "GET", httpVersionMajor: 1, httpVersionMinor: 1 });
  log(r.statusCode, r.headersSent, attempt(() => r.writeHead(99)), attempt(() => r.writeHead("x")), attempt(() => r.writeHead(200, "ok\n")), attempt(() => r.writeHead(201, "Made", { A: "b" }) === r), r.statusCode, r.statusMessage, r.headersSent, attempt(() => r.writeHead(200)), attempt(() => r.setHeader("x", 1)), attempt(() => r.removeHeader("a")), attempt(() => r.appendHeader("a", "c")), attempt(() => r.setHeaders(new Map())));
  log(http.METHODS.join(), JSON.stringify(http.STATUS_CODES), http.maxHeaderSize, attempt(() => http.validateHeaderName("a b")), attempt(() => http.validateHeaderName("a b", "L")), attempt(() => http.validateHeaderValue("a")), attempt(() => http.validateHeaderValue("a", "\n")), attempt(() => http.validateHeaderName("")));
  const ag = new http.Agent({ keepAlive: true, maxSockets: 5 }); log(ag.getName({ host: "h", port: 5, localAddress: "l", family: 6 }), ag.getName({}), ag.getName(), ag.defaultPort, ag.protocol, ag.maxSockets, ag.maxFreeSockets, ag.maxTotalSockets, ag.keepAlive, ag.keepAliveMsecs, ag.scheduling, ag.totalSocketCount, new https.Agent().defaultPort, http.globalAgent.defaultPort);
  log(attempt(() => new http.Agent({ maxTotalSockets: -1 })), attempt(() => new http.Agent({ scheduling: "x" })), attempt(() => new http.Agent({ maxTotalSockets: "x" })));
  const sv = http.createServer(); log(sv.listening, inspect(sv.address()), sv.timeout, sv.keepAliveTimeout, sv.headersTimeout, sv.requestTimeout, sv.maxHeadersCount, sv.maxRequestsPerSocket, attempt(() => sv.listen(-1)), attempt(() => 5), attempt(() => http.createServer(5)), attempt(() => http.createServer({ requestTimeout: "x" })), attempt(() => sv.listen({ port: 70000 })));
  log(await new Promise((r) => http.createServer().close((e) => r(told(e)))));
  log(tls.DEFAULT_MIN_VERSION, tls.DEFAULT_MAX_VERSION, tls.DEFAULT_ECDH_CURVE, tls.CLIENT_RENEG_LIMIT, tls.CLIENT_RENEG_WINDOW, typeof tls.rootCertificates, attempt(() => tls.checkServerIdentity("a.b", { subject: { CN: "a.b" } })), attempt(() => tls.checkServerIdentity("a.c", { subject: { CN: "a.b" } })?.message), attempt(() => tls.checkServerIdentity("x.a.b", { subject: {}, subjectaltname: "DNS:*.a.b, IP Address:1.2.3.4" })), attempt(() => tls.checkServerIdentity("1.2.3.4", { subject: {}, subjectaltname: "IP Address:1.2.3.5" })?.message), attempt(() => { const x = {}; tls.convertALPNProtocols(["h2", "http/1.1"], x); return x; }), attempt(() => { const x = {}; tls.convertALPNProtocols(["a".repeat(256)], x); return x; }));
}
