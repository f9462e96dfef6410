"""node:dns, whose questions go to Cloudflare's resolver; here, to a fetch of the script's own."""

import json
from typing import Any

from tests.inprocess import Server

SCRIPT = """
import dns from "node:dns";
import promises from "node:dns/promises";
import { promisify } from "node:util";
const A = { type: 1, TTL: 60, data: "192.0.2.1" };
const RECORDS = {
  "a A": [{ type: 5, TTL: 9, data: "alias." }, A],
  "a AAAA": [{ type: 28, TTL: 61, data: "2001:db8::1" }],
  "a MX": [{ type: 15, data: "10 mail.a." }],
  "a TXT": [{ type: 16, data: '"v=spf1 \\\\"x\\\\"" "mo\\\\114e"' }, { type: 16, data: "bare" }],
  "a SRV": [{ type: 33, data: "5 0 80 host.a." }],
  "a SOA": [{ type: 6, data: "ns.a. me.a. 1 2 3 4 5" }],
  "a CNAME": [{ type: 5, data: "b." }],
  "a CAA": [{ type: 257, data: '0 issue "ca.a"' },
    { type: 257, data: "\\\\# 9 80 05 69 6f 64 65 66 78 79" }],
  "a NAPTR": [{ type: 35, data: '1 2 "s" "SIP+D2U" "" _sip.a.' },
    { type: 35, data: "\\\\# 15 00 01 00 02 01 73 01 78 01 79 01 61 01 62 00" }],
  "1.2.0.192.in-addr.arpa PTR": [{ type: 12, data: "one.a." }],
  "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR":
    [{ type: 12, data: "six.a." }],
};
globalThis.fetch = async (url, { headers, signal }) => {
  const { origin, pathname, searchParams } = new URL(url);
  if (`${origin}${pathname}` !== "https://cloudflare-dns.com/dns-query") throw new Error("whom?");
  if (headers.Accept !== "application/dns-json") throw new Error("what?");
  const name = searchParams.get("name");
  if (name === "never") return new Promise((_, fail) => signal.addEventListener("abort", fail));
  if (name === "down") throw new TypeError("Network connection lost.");
  if (name === "broken") return new Response("", { status: 500 });
  const Answer = RECORDS[`${name} ${searchParams.get("type")}`];
  return Response.json({ Status: name === "none" ? 3 : 0, ...(Answer && { Answer }) });
};
const told = async (promise) => {
  try { return await promise; } catch ({ code, message }) { return [code, message]; }
};
export default { async fetch() { %s } };
"""


async def answer(server: Server, body: str) -> Any:
    server.add("main", SCRIPT % body)
    return json.loads(await server.text())


async def test_names_are_resolved_to_what_node_makes_of_their_records(server: Server) -> None:
    body = """
    const found = {};
    for (const type of ["A", "AAAA", "MX", "TXT", "SRV", "SOA", "CNAME", "CAA", "NAPTR"])
      found[type] = await promises.resolve("a", type);
    found.ttl = await promises.resolve4("a", { ttl: true });
    found.lookup = [await promises.lookup("a"), await promises.lookup("a", { all: true }),
      await promises.lookup("a", { all: true, order: "ipv6first" }), await promises.lookup("a", 6)];
    found.reverse = [await promises.reverse("192.0.2.1"), await promises.reverse("2001:db8::1")];
    found.called = await new Promise((resolve) =>
      dns.resolve("a", "MX", (...args) => resolve(args)));
    found.promised = await promisify(dns.resolve6)("a");
    found.resolver = await new promises.Resolver().resolve("a");
    found.calls = await new Promise((resolve) =>
      new dns.Resolver().resolve4("a", { ttl: true }, (...args) => resolve(args)));
    return Response.json(found);
    """
    four = {"address": "192.0.2.1", "family": 4}
    six = {"address": "2001:db8::1", "family": 6}
    ttl = {"address": "192.0.2.1", "ttl": 60}
    mx = {"exchange": "mail.a", "priority": 10}
    counts = {"serial": 1, "refresh": 2, "retry": 3, "expire": 4, "minttl": 5}
    naptr = {"flags": "s", "service": "SIP+D2U", "regexp": "", "replacement": "_sip.a"}
    packed = {"flags": "s", "service": "x", "regexp": "y", "replacement": "a.b"}
    places = {"order": 1, "preference": 2}
    assert await answer(server, body) == {
        "A": ["192.0.2.1"],
        "AAAA": ["2001:db8::1"],
        "MX": [mx],
        "TXT": [['v=spf1 "x"', "more"], ["bare"]],
        "SRV": [{"name": "host.a", "port": 80, "priority": 5, "weight": 0}],
        "SOA": {"nsname": "ns.a", "hostmaster": "me.a", **counts},
        "CNAME": ["b"],
        "CAA": [{"critical": 0, "issue": "ca.a"}, {"critical": 128, "iodef": "xy"}],
        "NAPTR": [naptr | places, packed | places],
        "ttl": [ttl],
        "lookup": [four, [four, six], [six, four], six],
        "reverse": [["one.a"], ["six.a"]],
        "called": [None, [mx]],
        "promised": ["2001:db8::1"],
        "resolver": ["192.0.2.1"],
        "calls": [None, [ttl]],
    }


async def test_what_comes_of_no_answer_has_codes_of_node(server: Server) -> None:
    body = """
    const resolver = new promises.Resolver();
    const given = resolver.resolveTxt("never");
    resolver.cancel();
    return Response.json([
      await told(promises.resolve4("none")),
      await told(promises.resolveMx("b")),
      await told(promises.resolveTxt("down")),
      await told(promises.resolveSrv("broken")),
      await told(promises.lookup("none")),
      await told(given),
      await told(promises.reverse("192.0.2.9")),
      await told(Promise.try(() => promises.reverse("x"))),
      await told(Promise.try(() => promises.resolve("a", "X"))),
      await told(Promise.try(() => dns.resolve4("a"))),
    ]);
    """
    told = await answer(server, body)
    assert told[:7] == [
        ["ENOTFOUND", "queryA ENOTFOUND none"],
        ["ENODATA", "queryMx ENODATA b"],
        ["ECONNREFUSED", "queryTxt ECONNREFUSED down"],
        ["EBADRESP", "querySrv EBADRESP broken"],
        ["ENOTFOUND", "getaddrinfo ENOTFOUND none"],
        ["ECANCELLED", "queryTxt ECANCELLED never"],
        ["ENODATA", "getHostByAddr ENODATA 192.0.2.9"],
    ]
    assert [code for code, _ in told[7:]] == [
        "ERR_INVALID_IP_ADDRESS",
        "ERR_INVALID_ARG_VALUE",
        "ERR_INVALID_ARG_TYPE",
    ]
