import assert from "node:assert/strict";
import * as cheerio from "cheerio";
import i18next from "i18next";
import { IntlMessageFormat } from "intl-messageformat";
import { Liquid } from "liquidjs";
import Papa from "papaparse";

export default {
  async fetch() {
    const $ = cheerio.load('<ul><li class="a">x</li><li>y</li></ul>');
    $("li").last().addClass("b").text("z");
    assert.equal($("ul").html(), '<li class="a">x</li><li class="b">z</li>');
    assert.deepEqual(Papa.parse('a,b\n1,"2,3"', { header: true }).data, [{ a: "1", b: "2,3" }]);
    assert.equal(
      await new Liquid().parseAndRender("{% for i in list %}{{ i | times: 2 }} {% endfor %}", {
        list: [1, 2],
      }),
      "2 4 ",
    );
    const message = new IntlMessageFormat(
      "{n, plural, one {# cat} other {# cats}} {d, date, short} {p, number, ::currency/USD}",
      "en",
    );
    assert.equal(message.format({ n: 1000, d: new Date(0), p: 5 }), "1,000 cats 1/1/70 $5.00");
    await i18next.init({
      lng: "en",
      resources: {
        en: { translation: { items_one: "{{count}} item", items_other: "{{count}} items" } },
      },
    });
    assert.deepEqual(
      [i18next.t("items", { count: 1 }), i18next.t("items", { count: 2 })],
      ["1 item", "2 items"],
    );
    return new Response("ok");
  },
};
