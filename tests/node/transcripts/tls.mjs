import net from "node:net";
import tls from "node:tls";
import { attempt } from "./shared/attempt.mjs";

export default function run(log) {
  const certs = [{ subject: { CN: "a.b" } }, { subject: { CN: ["x.y", "a.b"] } }, { subject: { CN: "*.b.c" } }, { subject: {} }, { subject: { CN: "a.b" }, subjectaltname: "DNS:*.example.com, DNS:b*.x.com, DNS:*z.x.com, DNS:a*c.x.com" }, { subject: {}, subjectaltname: "IP Address:1.2.3.4" }, { subject: { CN: "a.b" }, subjectaltname: "URI:http://a.b/" }, { subject: {}, subjectaltname: "DNS:*.com, DNS:xn--*.x.com, DNS:*.*.x.com" }, { subject: { CN: "A.B." } }, { subject: { CN: "*" } }];
  for (const host of ["a.b", "A.b.", "x.b.c", "y.x.b.c", "w.example.com", "example.com", "bar.x.com", "fooz.x.com", "abc.x.com", "1.2.3.4", "1.2.3.5", "xn--y.x.com", "foo.com", "::1", "", "x.y"]) for (const cert of certs) log(host, JSON.stringify(cert), attempt(() => { const e = tls.checkServerIdentity(host, cert); return e && [e.message, e.code, e.reason, e.host, e.cert === cert]; }));
  for (const [host, names] of [["8.8.8.8", "8.8.8.0/24"], ["8.8.8.8", "8.8.8.8"], ["a:b::c", "A:B:0:0:0:0:0:C"], ["::1", "0:0:0:0:0:0:0:2"]])
    log(host, names, attempt(() => tls.checkServerIdentity(host, { subject: {}, subjectaltname: `IP Address:${names}` })?.reason));
  log(attempt(() => tls.connect({ port: 42, secureContext: {} })), tls.SecureContext() instanceof tls.SecureContext, attempt(() => new tls.TLSSocket(undefined, { secureContext: 5 })));
  log(new tls.TLSSocket(new net.Socket(), { allowHalfOpen: true }).allowHalfOpen, new tls.TLSSocket(undefined, { allowHalfOpen: true }).allowHalfOpen);
}
