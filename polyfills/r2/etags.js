// The lists of etags in If-Match and If-None-Match, read as workerd does.
// https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1

const COMMA = "Comma was expected to separate etags. Encountered a ";
const NEXT = {
  "*": `${COMMA}wildcard character '*' instead.`,
  W:
    `${COMMA}weak quotation character 'W' instead. ` +
    "This would otherwise indicate the start of a new weak etag.",
  '"':
    `${COMMA}double quote character '"' instead. ` +
    "This would otherwise indicate the start of a new strong etag.",
};

/** Pairs of an etag, null for any, and whether it is weak. `name`: of the header. */
export function parseEtags(text, name) {
  const found = [];
  let needsComma = false;
  let at = 0;
  while (at < text.length) {
    const next = text[at];
    if (next === " " || next === "\t" || next === ",") {
      if (next === ",") needsComma = false;
      at++;
      continue;
    }
    if (!(next in NEXT)) break;
    if (needsComma) throw new Error(NEXT[next]);
    if (next === "*") return [[null, false]];
    const isWeak = next === "W";
    if (isWeak && !text.startsWith('W/"', at)) {
      throw new Error("Weak etags must start with W/ and their value must be quoted");
    }
    const start = at + (isWeak ? 3 : 1);
    const end = text.indexOf('"', start);
    if (end === -1) throw new Error("Unclosed double quote for Etag");
    found.push([text.slice(start, end), isWeak]);
    at = end + 1;
    needsComma = true;
  }
  if (found.length === 0) throw new Error(`Invalid ETag in ${name} header`);
  return found;
}
