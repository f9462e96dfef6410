import net from "node:net";
import { inspect } from "node:util";
import { attempt } from "./shared/attempt.mjs";

const { BlockList, SocketAddress } = net;

export default async function run(log) {
  const list = new BlockList();
  list.addAddress("1.2.3.4");
  list.addSubnet("10.0.0.0", 8);
  list.addRange("1.1.1.1", "1.1.1.9");
  list.addSubnet("fc00::", 7, "ipv6");
  list.addAddress("::1", "ipv6");
  list.addAddress(new SocketAddress({ address: "9.9.9.9" }));
  list.addSubnet("200.1.2.3", 25);
  log(list.rules, inspect(list));
  for (const address of ["1.2.3.4", "1.2.3.5", "10.255.0.1", "11.0.0.0", "1.1.1.0", "1.1.1.1", "1.1.1.9", "1.1.1.10", "9.9.9.9", "200.1.2.127", "200.1.2.128", "::1", "x", ""]) log(address, list.check(address));
  for (const address of ["::1", "::2", "fd00::1", "FE00::", "::ffff:1.2.3.4", "::ffff:a01:101", "::ffff:11.1.1.1", "1.2.3.4"]) log(address, list.check(address, "ipv6"));
  log(list.check(new SocketAddress({ address: "1.2.3.4", port: 5 })), list.check("1.2.3.4", "IPV4"), list.check("1.2.3.4", "ipv5"));
  for (const wrong of [() => list.addAddress("x"), () => list.addAddress(1), () => list.addAddress("1.2.3.4", "ipv5"), () => list.addAddress("::1"), () => list.addAddress("1.2.3.4", 4), () => list.addSubnet("1.1.1.1", 33), () => list.addSubnet("1.1.1.1", "8"), () => list.addSubnet("1.1.1.1", 1.5), () => list.addSubnet("::1", 129, "ipv6"), () => list.addSubnet(5, 1), () => list.addRange("1.1.1.9", "1.1.1.1"), () => list.addRange(5, "1.1.1.1"), () => list.addRange("1.1.1.1", 5), () => list.check(5), () => list.check("1.2.3.4", 5), () => list.addAddress()]) log(`${wrong}`, attempt(wrong));
  const mapped = new BlockList();
  mapped.addAddress("::ffff:5.5.5.5", "ipv6");
  log(mapped.rules, mapped.check("5.5.5.5"), mapped.check("::ffff:505:505", "ipv6"));
  const all = new BlockList();
  all.addSubnet("1.2.3.4", 0);
  log(all.rules, all.check("255.255.255.255"), all.check("::", "ipv6"), all.check("::ffff:1:2", "ipv6"), new BlockList().check("1.1.1.1"));

  for (const options of [undefined, {}, { family: "ipv6" }, { port: 80 }, { address: "FE80::0:1", family: "ipv6", port: 5, flowlabel: 3 }, ...["1:0:0:2:0:0:0:3", "1:0:2:3:4:5:6:7", "::ffff:102:304", "0:0:0:0:0:0:0:0", "1::", "::8:1.2.3.4", "1:0:0:2:3:0:0:4"].map((address) => ({ address, family: "ipv6" }))]) {
    const address = new SocketAddress(options);
    log(address.address, address.port, address.family, address.flowlabel, JSON.stringify(address), inspect(address));
  }
  for (const options of [{ address: "x" }, { address: 5 }, { port: 70000 }, { port: -1 }, 5, null, { family: "x" }, { family: 5 }, { flowlabel: -1 }, { flowlabel: "x" }, { address: "::1" }, { address: "1.1.1.1", family: "ipv6" }]) log(inspect(options), attempt(() => new SocketAddress(options)));
}
