import assert from "node:assert/strict";
import { h } from "preact";
import { render } from "preact-render-to-string";
import { createElement, Suspense, use, useState } from "react";
import { renderToReadableStream, renderToString } from "react-dom/server.edge";

function Counter({ start }) {
  const [n] = useState(start);
  return createElement("p", { className: "n" }, "count ", n);
}
const soon = new Promise((resolve) => {
  resolve("late");
});
function Late() {
  return createElement("b", null, use(soon));
}

export default {
  async fetch(request) {
    assert.equal(
      render(
        h(
          "ul",
          { class: "x" },
          [1, 2].map((n) => h("li", { key: n }, n, " <")),
        ),
        null,
      ),
      '<ul class="x"><li>1 &lt;</li><li>2 &lt;</li></ul>',
    );
    assert.equal(
      renderToString(createElement(Counter, { start: 5 })),
      '<p class="n">count <!-- -->5</p>',
    );
    const stream = await renderToReadableStream(
      createElement(
        "div",
        null,
        createElement(Suspense, { fallback: "wait" }, createElement(Late)),
      ),
    );
    if (new URL(request.url).pathname === "/stream")
      return new Response(stream, { headers: { "Content-Type": "text/html" } });
    assert.match(await new Response(stream).text(), /<b>late<\/b>/);
    return new Response("ok");
  },
};
