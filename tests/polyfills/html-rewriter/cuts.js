// What comes out must not depend on how the input is cut.

import { equal, same } from "./assert.js";

const encode = (text) => new TextEncoder().encode(text);

const DOCUMENT = `<!DOCTYPE html><html lang=en><!-- a -- b --><head><title>T <b> &amp; é</title>
<script>if (a < b) { "<!--<script></script>-->" } </script ><style>p > a {}</style></head>
<body CLASS='x  y' data-a="<p>" b = c><p id=i>one <b>b</b> 3 < 4 & 5 €😀</p><br/><p>two<p>three
<svg viewBox="0 0"><title>s</title><path d='M0'/><![CDATA[ <p> ]]]></svg><textarea><p></textarea>
</ bogus><?php x ?><!x><!----><!--></p  a=b></div><select><option>o</select>end</body></html>
`;

/** Handlers that look at, change and remove all kinds of tokens; `log` is not of how texts are cut. */
function rewriter(log) {
  let text = "";
  return new HTMLRewriter()
    .on("p, title", {
      element(element) {
        log.push(element.tagName, [...element.attributes].join("|"), element.namespaceURI);
        element.setAttribute("seen", "é");
        element.append("<end>", { html: true });
        // A tag in SVG may close itself.
        if (element.namespaceURI.endsWith("xhtml")) element.onEndTag((tag) => void log.push(`/${tag.name}`));
      },
      text(chunk) {
        text += chunk.text;
        if (!chunk.lastInTextNode) return;
        log.push(text);
        text = "";
        chunk.after("¶");
      },
    })
    .on("select", { element: (element) => void element.setInnerContent("inner") })
    .on("b", { element: (element) => void element.removeAndKeepContent() })
    .on("#i", { text: (chunk) => void chunk.remove() })
    .onDocument({
      doctype: (doctype) => void log.push(doctype.name),
      comments: (comment) => void (log.push(comment.text), (comment.text = "c")),
      end: (end) => void end.append("E"),
    });
}

async function rewritten(chunks, make = rewriter) {
  const log = [];
  const body = ReadableStream.from(chunks);
  const out = await make(log).transform(new Response(body)).bytes();
  return [out.toHex(), log];
}

export async function two_pieces_cut_anywhere() {
  const bytes = encode(DOCUMENT);
  const whole = await rewritten([bytes]);
  for (let at = 1; at < bytes.length; at++) {
    equal(await rewritten([bytes.slice(0, at), bytes.slice(at)]), whole, `${at}`);
  }
}

export async function byte_by_byte() {
  const bytes = encode(DOCUMENT);
  equal(await rewritten(Array.from(bytes, (byte) => Uint8Array.of(byte))), await rewritten([bytes]));
}

/** Numbers below `limit` that look random and are the same in each run. */
function randomness(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % limit;
  };
}

const FRAGMENTS = [
  "<p>", "</p>", "<b a=1>", "</b>", "<", ">", "/", "</", "<!", "<!--", "-->", "--!>", "-", "text", " ",
  "\n", '"', "'", "=", "a", "<script>", "</script>", "</scr", "<style", "</style >", "<title/>", "</title>",
  "<svg>", "</svg>", "<![CDATA[", "]]>", "]", "<math>", "<mi>", "<br/>", "<p a='>'", "é", "<plaintext>",
  "<!doctype html>", "<?", "&lt;", "<select>", "<option", "<p id=i>", "\0", "</div\t>",
];

export async function random_documents_in_random_pieces() {
  const below = randomness(7);
  for (let round = 0; round < 150; round++) {
    const html = Array.from({ length: 1 + below(25) }, () => FRAGMENTS[below(FRAGMENTS.length)]).join("");
    const bytes = encode(html);
    const chunks = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + below(6);
      chunks.push(bytes.slice(at, end));
      at = end;
    }
    equal(await rewritten(chunks), await rewritten([bytes]), html);
    const untouched = () => new HTMLRewriter().on("*", { element() {}, text() {}, comments() {} });
    const [out] = await rewritten(chunks, untouched);
    same(out, bytes.toHex(), html);
  }
}

export async function bytes_that_nobody_changes_stay_even_where_they_are_malformed() {
  const bytes = Uint8Array.from({ length: 512 }, (_, index) => (index * 7) % 256);
  const handlers = { element() {}, text() {}, comments() {} };
  for (const type of ["text/html", "text/html; charset=shift_jis", "text/html;charset=windows-1251"]) {
    const response = new Response(bytes, { headers: { "content-type": type } });
    const out = new HTMLRewriter().on("*", handlers).onDocument({ text() {} }).transform(response);
    equal(await out.bytes(), bytes, type);
  }
}
