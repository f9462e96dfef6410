// Whether a certificate is a host's: https://nodejs.org/docs/latest-v20.x/api/tls.html#tlscheckserveridentityhostname-cert
//
// The runtime has looked at the certificate of its own connections; this is for those who ask.

import { nodeError } from "./errors.js";
import { isIP } from "./net-addresses.js";

const withoutDot = (name) => name.replace(/\.$/, "").toLowerCase();

/** RFC 6125, 6.4.3: a star stands for a part of the leftmost label, or all of it. */
function matches(host, pattern) {
  if (pattern === "" || /[^\x21-\x7e]/.test(pattern)) return false;
  const labels = host.toLowerCase().split(".");
  const wanted = withoutDot(pattern).split(".");
  if (labels.length !== wanted.length || wanted.includes("")) return false;
  if (labels.slice(1).join(".") !== wanted.slice(1).join(".")) return false;
  const [first] = labels;
  const [star] = wanted;
  const parts = star.split("*");
  if (parts.length === 1 || star.includes("xn--")) return first === star;
  if (parts.length > 2 || labels.length <= 2) return false;
  const [start, end] = parts;
  return (
    start.length + end.length <= first.length && first.startsWith(start) && first.endsWith(end)
  );
}

/** An address in the one way to write it; "" for what is none. */
function canonical(address) {
  const family = isIP(address);
  if (family === 6) return new URL(`http://[${address}]`).hostname.slice(1, -1);
  return family === 4 ? address : "";
}

/** The error of a certificate that is another host's, or undefined. */
export function checkServerIdentity(hostname, cert) {
  const { subject, subjectaltname } = cert;
  const names = subjectaltname ? subjectaltname.split(", ") : [];
  const of = (kind) =>
    names.filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length));
  const dns = of("DNS:");
  const ips = of("IP Address:").map(canonical);
  const host = `${hostname}`.replace(/\.$/, "");
  let reason;
  if (isIP(host) !== 0) {
    if (!ips.includes(canonical(host))) reason = `IP: ${host} is not in the cert's list: ${ips.join(", ")}`;
  } else if (dns.length > 0) {
    if (!dns.some((pattern) => matches(host, pattern)))
      reason = `Host: ${host}. is not in the cert's altnames: ${subjectaltname}`;
  } else if (subject?.CN) {
    const common = [subject.CN].flat();
    if (!common.some((pattern) => matches(host, pattern)))
      reason = `Host: ${host}. is not cert's CN: ${subject.CN}`;
  } else reason = "Cert does not contain a DNS name";
  if (reason === undefined) return undefined;
  const message = `Hostname/IP does not match certificate's altnames: ${reason}`;
  return nodeError(Error, "ERR_TLS_CERT_ALTNAME_INVALID", message, { reason, host, cert });
}
