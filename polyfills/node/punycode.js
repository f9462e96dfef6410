// node:punycode: https://www.rfc-editor.org/rfc/rfc3492

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const MAX_INT = 2 ** 31 - 1;
const DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789";

const refuse = (message) => new RangeError(message);

function adapt(delta, count, first) {
  let value = first ? Math.floor(delta / 700) : delta >> 1;
  value += Math.floor(value / count);
  let k = 0;
  for (; value > ((BASE - T_MIN) * T_MAX) >> 1; k += BASE)
    value = Math.floor(value / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * value) / (value + 38));
}

const threshold = (k, bias) => Math.min(Math.max(k - bias, T_MIN), T_MAX);

/** The Unicode text of a Punycode string of ASCII. */
export function decode(input) {
  const output = [];
  const basic = Math.max(input.lastIndexOf("-"), 0);
  for (const c of input.slice(0, basic)) {
    if (c >= "\x80") throw refuse("Illegal input >= 0x80 (not a basic code point)");
    output.push(c.charCodeAt(0));
  }
  let [n, i, bias] = [128, 0, 72];
  for (let at = basic > 0 ? basic + 1 : 0; at < input.length;) {
    const before = i;
    for (let weight = 1, k = BASE; ; k += BASE) {
      if (at >= input.length) throw refuse("Invalid input");
      const digit = DIGITS.indexOf(input[at++].toLowerCase());
      if (digit < 0) throw refuse("Invalid input");
      if (digit > Math.floor((MAX_INT - i) / weight))
        throw refuse("Overflow: input needs wider integers to process");
      i += digit * weight;
      const t = threshold(k, bias);
      if (digit < t) break;
      weight *= BASE - t;
    }
    const length = output.length + 1;
    bias = adapt(i - before, length, before === 0);
    n += Math.floor(i / length);
    i %= length;
    output.splice(i++, 0, n);
  }
  return String.fromCodePoint(...output);
}

/** The Punycode of a Unicode text. */
export function encode(input) {
  const points = ucs2.decode(input);
  const basic = points.filter((point) => point < 128);
  let output = String.fromCodePoint(...basic);
  let handled = basic.length;
  if (basic.length > 0) output += "-";
  let [n, delta, bias] = [128, 0, 72];
  while (handled < points.length) {
    const next = points.reduce(
      (least, point) => (point >= n && point < least ? point : least),
      MAX_INT,
    );
    delta += (next - n) * (handled + 1);
    n = next;
    for (const point of points) {
      if (point < n) delta++;
      if (point !== n) continue;
      let q = delta;
      for (let k = BASE; ; k += BASE) {
        const t = threshold(k, bias);
        if (q < t) break;
        output += DIGITS[t + ((q - t) % (BASE - t))];
        q = Math.floor((q - t) / (BASE - t));
      }
      output += DIGITS[q];
      bias = adapt(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled++;
    }
    delta++;
    n++;
  }
  return output;
}

function mapDomain(domain, map) {
  const at = domain.lastIndexOf("@");
  const head = at === -1 ? "" : domain.slice(0, at + 1);
  return (
    head +
    domain
      .slice(at + 1)
      .split(/[.\u3002\uff0e\uff61]/)
      .map(map)
      .join(".")
  );
}

export function toUnicode(input) {
  return mapDomain(input, (label) =>
    label.startsWith("xn--") ? decode(label.slice(4).toLowerCase()) : label,
  );
}

export function toASCII(input) {
  return mapDomain(input, (label) => (/[^\x00-\x7f]/.test(label) ? `xn--${encode(label)}` : label));
}

export const ucs2 = {
  decode: (text) => Array.from(text, (c) => c.codePointAt(0)),
  encode: (points) => String.fromCodePoint(...points),
};
export const version = "2.1.0";

export default { decode, encode, toASCII, toUnicode, ucs2, version };
