import { same } from "./assert.js";
import { extractMimeType, parseMimeType, serializeMimeType } from "holdfast:fetch/mime.js";

const reparsed = (text) => {
  const mimeType = parseMimeType(text);
  return mimeType === null ? null : serializeMimeType(mimeType);
};

export function mime_types_are_normalised() {
  const cases = {
    "text/html;charset=gbk": "text/html;charset=gbk",
    " TEXT/HTML;CHARSET=GBK ": "text/html;charset=GBK",
    "text/html;charset=gbk;charset=windows-1255": "text/html;charset=gbk",
    "text/html ;charset=gbk": "text/html;charset=gbk",
    "text/html; charset=gbk ": "text/html;charset=gbk",
    "text/html;charset =gbk": "text/html",
    "text/html;charset= gbk": 'text/html;charset=" gbk"',
    "text/html;charset": "text/html",
    "text/html;charset=": "text/html",
    'text/html;charset=""': 'text/html;charset=""',
    'text/html;charset="gbk"x;a=b': "text/html;charset=gbk;a=b",
    'text/html;charset="gbk': "text/html;charset=gbk",
    'text/html;charset="\\"': 'text/html;charset="\\""',
    'text/html;charset="a;b=c";d=e': 'text/html;charset="a;b=c";d=e',
    "text/html;;;;charset=gbk": "text/html;charset=gbk",
    "text/html;in]valid=x;charset=gbk": "text/html;charset=gbk",
    "text/html;charset=g\u0100k": "text/html",
    "x/x": "x/x",
  };
  for (const text of Object.keys(cases)) same(reparsed(text), cases[text], text);
}

export function what_is_no_mime_type_is_null() {
  for (const text of ["", "/", "text", "text/", "/html", "te xt/html", "text/ht ml", ";a=b", "é/x"]) {
    same(parseMimeType(text), null, text);
  }
}

export function the_last_type_of_a_header_counts_and_keeps_the_charset() {
  const extract = (value) => {
    const mimeType = extractMimeType(value);
    return mimeType === null ? null : serializeMimeType(mimeType);
  };
  same(extract(null), null);
  same(extract(""), null);
  same(extract("text/plain;charset=gbk, text/html"), "text/html");
  same(extract("text/html;charset=gbk;a=b, text/html;x=y"), "text/html;x=y;charset=gbk");
  same(extract("text/html;charset=gbk;a=b, text/plain, text/html"), "text/html");
  same(extract("text/html, */*"), "text/html");
  same(extract('text/html;a="b,c/d", x'), 'text/html;a="b,c/d"');
  same(extract("text/html, cannot-parse"), "text/html");
}
