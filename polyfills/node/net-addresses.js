// IP addresses: https://nodejs.org/docs/latest-v20.x/api/net.html#netisipinput

const V4_PART = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const V4 = new RegExp(`^${V4_PART}(?:\\.${V4_PART}){3}$`);
const ZONE = /^[0-9a-z\-.:]+$/i;
const V6_GROUP = /^[0-9a-f]{1,4}$/i;

export const isIPv4 = (text) => V4.test(`${text}`);

export function isIPv6(text) {
  const [address, ...zone] = `${text}`.split("%");
  if (zone.length > 1 || (zone.length > 0 && !ZONE.test(zone[0]))) return false;
  const halves = address.split("::");
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [i, half] of halves.entries()) {
    if (half === "") continue;
    const parts = half.split(":");
    const isLast = i === halves.length - 1;
    if (isLast && isIPv4(parts.at(-1))) {
      parts.pop();
      groups += 2;
    }
    if (!parts.every((part) => V6_GROUP.test(part))) return false;
    groups += parts.length;
  }
  return halves.length === 2 ? groups < 8 : groups === 8 && address !== "";
}

/** 4, 6, or 0 for what is no address. */
export const isIP = (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0);
