import assert from "node:assert/strict";
import Handlebars from "handlebars";
import { marked } from "marked";
import Mustache from "mustache";

export default {
  async fetch() {
    const template = Handlebars.compile(
      "{{#each people}}{{upper name}}{{#if @last}}!{{else}}, {{/if}}{{/each}}{{{raw}}}{{raw}}",
    );
    Handlebars.registerHelper("upper", (text) => text.toUpperCase());
    assert.equal(
      template({ people: [{ name: "a" }, { name: "b" }], raw: "<i>" }),
      "A, B!<i>&lt;i&gt;",
    );
    assert.equal(
      Mustache.render("{{#list}}<{{.}}>{{/list}}{{^none}}none{{/none}} {{&raw}}", {
        list: [1, 2],
        raw: "<b>",
      }),
      "<1><2>none <b>",
    );
    assert.equal(
      await marked.parse("# Title\n\n* one\n* **two**\n\n`code` [link](https://a.b)"),
      '<h1>Title</h1>\n<ul>\n<li>one</li>\n<li><strong>two</strong></li>\n</ul>\n<p><code>code</code> <a href="https://a.b">link</a></p>\n',
    );
    return new Response("ok");
  },
};
