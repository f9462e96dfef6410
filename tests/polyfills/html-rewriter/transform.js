import { equal, ok, rejects, same, throws } from "./assert.js";

const encode = (text) => new TextEncoder().encode(text);
const html = (text, type = "text/html") => new Response(text, { headers: { "content-type": type } });
const on = (selector, handlers) => new HTMLRewriter().on(selector, handlers);

export async function what_is_done_comes_out_before_the_input_ends() {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const { body } = on("p", { element: (e) => void e.append("!") }).transform(new Response(readable));
  const reader = body.getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  writer.write(encode("<p>a</p><p>b"));
  same(await read(), "<p>a!</p><p>b");
  writer.write(encode("c</p>"));
  same(await read(), "c!</p>");
  writer.close();
  ok((await reader.read()).done);
}

export async function what_is_written_before_anybody_reads_is_taken() {
  const { readable, writable } = new TransformStream();
  const rewriter = on("*", { element: (e) => void e.prepend("foo ") });
  const response = rewriter.transform(new Response(readable));
  const writer = writable.getWriter();
  for (const text of ["<html>", "bar", "</html>"]) await writer.write(encode(text));
  await writer.close();
  same(await response.text(), "<html>foo bar</html>");
}

export async function a_handler_that_waits_holds_up_the_next() {
  const order = [];
  const rewriter = on("p", {
    async element(element) {
      order.push(`${element.getAttribute("n")} begins`);
      await scheduler.wait(1);
      element.setAttribute("n", "x");
      order.push("ends");
    },
  });
  same(await rewriter.transform(html("<p n=1><p n=2>")).text(), '<p n="x"><p n="x">');
  equal(order, ["1 begins", "ends", "2 begins", "ends"]);
}

export async function the_error_of_a_handler_breaks_the_body_off_and_cancels_its_source() {
  for (const fail of [() => { throw new RangeError("no"); }, async () => { throw new RangeError("no"); }]) {
    let reason;
    const source = new ReadableStream({
      pull: (controller) => controller.enqueue(encode("<p>")),
      cancel: (given) => void (reason = given),
    });
    const error = await rejects(on("p", { element: fail }).transform(new Response(source)).text(), RangeError);
    same(reason, error);
  }
}

export async function the_error_of_the_source_is_that_of_the_body() {
  const broken = new ReadableStream({ start: (controller) => controller.error(new RangeError("x")) });
  await rejects(on("p", {}).transform(new Response(broken)).text(), RangeError);
}

export async function whoever_wants_no_more_cancels_the_source() {
  let reason;
  const source = new ReadableStream({
    pull: (controller) => controller.enqueue(encode("<p>x</p>")),
    cancel: (given) => void (reason = given),
  });
  const reader = on("p", {}).transform(new Response(source)).body.getReader();
  await reader.read();
  await reader.cancel("enough");
  same(reason, "enough");
}

export async function a_token_is_good_for_its_handler_only() {
  const kept = [];
  const keep = (token) => void kept.push(token);
  const rewriter = on("p", {
    element(element) {
      kept.push(element, element.attributes);
      element.onEndTag(keep);
    },
    text: keep,
    comments: keep,
  }).onDocument({ doctype: keep, end: keep });
  await rewriter.transform(html("<!doctype html><p a=b>x<!--c--></p>")).text();
  const uses = [
    (doctype) => doctype.name,
    (element) => element.tagName,
    (attributes) => attributes.next(),
    (text) => text.text,
    (text) => text.after("x"),
    (comment) => comment.remove(),
    (endTag) => endTag.before("x"),
    (end) => end.append("x"),
  ];
  same(kept.length, uses.length);
  for (const [index, use] of uses.entries()) {
    const error = throws(() => use(kept[index]), TypeError, `${index}`);
    ok(/no longer valid/.test(error.message), error.message);
  }
}

export async function content_may_be_a_stream_or_a_response() {
  const rewriter = on("p", {
    element(element) {
      element.prepend(new Response("<é>"));
      element.append(ReadableStream.from([encode("<b>"), encode("é").slice(0, 1), encode("é").slice(1)]), { html: true });
      element.after(new Response(null));
    },
    comments(comment) {
      throws(() => comment.after(new Response("x")), TypeError);
    },
  });
  same(await rewriter.transform(html("<p>x<!--c--></p>")).text(), "<p>&lt;é&gt;x<!--c--><b>é</p>");
}

export async function content_goes_out_in_the_document_s_encoding() {
  const rewriter = on("p", {
    element(element) {
      element.append("é€я", { html: true });
      element.setAttribute("a", "é");
    },
    text(text) {
      if (text.text !== "") seen.push(text.text);
    },
  });
  const seen = [];
  const bytes = async (type) => (await rewriter.transform(html(Uint8Array.fromHex("3c703ee93c2f703e"), type)).bytes()).toHex();
  const attribute = "613d22e922";
  same(await bytes("text/html; charset=latin1"), `3c7020${attribute}3ee9e980262331313033 3b3c2f703e`.replace(" ", ""));
  same(await bytes("text/html; charset=windows-1251"), "3c7020613d2226233233333b223ee926233233333b88ff3c2f703e");
  equal(seen, ["é", "й"]);
  for (const charset of ["nothing", "utf-16", "iso-2022-jp"]) {
    throws(() => rewriter.transform(html("x", `text/html; charset=${charset}`)), TypeError);
  }
}

export async function selectors_see_the_attributes_of_what_is_around() {
  const seen = [];
  const rewriter = on("[a='1'] > b:not(.x)", { element: (e) => void seen.push(e.getAttribute("id")) });
  await rewriter.transform(html("<p a=1><b id=1></b><b id=2 class='y x'></b></p><p a=2><b id=3></b></p>")).text();
  equal(seen, ["1"]);
}

export async function a_tag_without_an_end_is_refused_once_it_is_too_long() {
  const endless = new ReadableStream({ pull: (c) => c.enqueue(encode(`<p a="${"x".repeat(1_000_000)}`)) });
  const error = await rejects(on("p", {}).transform(new Response(endless)).text(), TypeError);
  ok(/memory limit/.test(error.message));
}

export async function a_long_document_is_worked_on_in_turns() {
  const long = "<p>text</p>".repeat(30_000);
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const out = await on("i", {}).transform(new Response(long)).text();
  clearInterval(timer);
  same(out, long);
}

export async function chunks_may_be_texts() {
  const page = new Response(ReadableStream.from(["<p>é", "</p>"]));
  same(await new HTMLRewriter().on("p", { element: (p) => p.append("!") }).transform(page).text(), "<p>é!</p>");
}
