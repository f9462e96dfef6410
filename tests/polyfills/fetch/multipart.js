import { ok, same, equal, rejects } from "./assert.js";
import { FormData } from "holdfast:fetch/form-data.js";
import { Response } from "holdfast:fetch/response.js";
import { File } from "holdfast:files/file.js";

const parse = (text, type = "multipart/form-data; boundary=X") =>
  new Response(text, { headers: { "content-type": type } }).formData();
const part = (headers, content) => `--X\r\n${headers}\r\n\r\n${content}\r\n`;
const field = (name, content) => part(`Content-Disposition: form-data; name="${name}"`, content);

export async function a_form_is_written_as_browsers_do() {
  const form = new FormData();
  form.append('a\r"\nb', "x\ny\rz\r\n");
  form.append("f", new File(["z"], 'q"\n.txt', { type: "text/x" }));
  form.append("g", new File([], ""));
  const response = new Response(form);
  const [type, boundary] = response.headers.get("content-type").split("; boundary=");
  same(type, "multipart/form-data");
  same(
    await response.text(),
    `--${boundary}\r\nContent-Disposition: form-data; name="a%0D%0A%22%0D%0Ab"\r\n\r\nx\r\ny\r\nz\r\n\r\n` +
      `--${boundary}\r\nContent-Disposition: form-data; name="f"; filename="q%22%0A.txt"\r\nContent-Type: text/x\r\n\r\nz\r\n` +
      `--${boundary}\r\nContent-Disposition: form-data; name="g"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n` +
      `--${boundary}--\r\n`,
  );
}

export async function a_form_survives_the_round_trip() {
  const form = new FormData();
  const content = new Uint8Array(256).map((_, i) => i);
  form.append("ключ", "значение");
  form.append("file", new File([content, "\r\n--", content], "имя.bin", { type: "a/b" }));
  form.append("", "");
  const back = await new Response(form).formData();
  equal([...back.keys()], ["ключ", "file", ""]);
  same(back.get("ключ"), "значение");
  const file = back.get("file");
  same(file.name, "имя.bin");
  same(file.type, "a/b");
  same(file.size, 516);
  equal((await file.bytes()).subarray(0, 256), content);
}

export async function an_empty_form_is_a_form() {
  equal([...(await parse("--X--\r\n"))], []);
  equal([...(await parse("--X--"))], []);
  equal([...(await new Response(new FormData()).formData())], []);
}

export async function what_surrounds_the_parts_is_skipped() {
  const form = await parse(`preamble\r\n--Xno\r\n${field("a", "1")}--X \t\r\n${field("b", "2").slice(5)}--X--\r\nepilogue --X`);
  equal([...form], [["a", "1"], ["b", "2"]]);
  equal([...(await parse(`${field("a", "1")}--X--epilogue\r\n--X`))], [["a", "1"]]);
}

export async function a_boundary_counts_only_as_a_whole_line() {
  const content = "--X\r\n\r\n--XY\r\n-\r\n --X\n--X";
  const safe = content.slice(5);
  equal([...(await parse(`${field("a", safe)}--X--`))], [["a", safe]]);
}

export async function a_form_may_have_no_carriage_returns() {
  const text = field("a", "1\n2").replaceAll("\r", "");
  equal([...(await parse(`before\n${text}${text}--X--`))], [["a", "1\n2"], ["a", "1\n2"]]);
}

export async function file_names_may_be_extended_and_tokens_unquoted() {
  const text =
    part(`content-disposition:form-data;name=a;filename*=utf-8'en'%e2%82%ac.txt;filename="e.txt"`, "1") +
    part(`Content-Disposition: form-data; filename="C:\\x%22y.txt"; name="b%0D%0Ac"\r\nContent-Type: Text/HTML; x=y`, "2");
  const form = await parse(`${text}--X--`);
  same(form.get("a").name, "€.txt");
  same(form.get("a").type, "text/plain");
  same(form.get("b%0D%0Ac").name, "C:\\x%22y.txt");
  same(form.get("b%0D%0Ac").type, "text/html;x=y");
}

export async function boundaries_may_be_quoted() {
  const form = await parse(`--a b;=\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--a b;=--`, 'multipart/form-data; boundary="a b;="');
  equal([...form], [["a", "1"]]);
}

export async function malformed_forms_are_refused() {
  const refused = [
    "",
    "x",
    "--X",
    field("a", "1"),
    "--X\r\n--X--",
    "--X\r\n\r\n--X--",
    `--X\r\nContent-Disposition: form-data; name="a"\r\n--X--`,
    `${part("Content-Type: a/b", "1")}--X--`,
    `${part("Content-Disposition: form-data", "1")}--X--`,
    `${part('Content-Disposition: attachment; name="a"', "1")}--X--`,
    `${part('Content-Disposition: form-data; name="a', "1")}--X--`,
    `${part('Content-Disposition: form-data; name="a"\r\nbad header', "1")}--X--`,
    "--X\nContent-Disposition: form-data; name=a\n\n1\r\n--X",
    "--X\r\nContent-Disposition: form-data; name=a\n\n1\n--X--",
  ];
  for (const text of refused) await rejects(parse(text), TypeError, JSON.stringify(text));
  await rejects(parse("--X--", "multipart/form-data"), TypeError);
  await rejects(parse("--X--", "text/plain"), TypeError);
  await rejects(new Response(new Uint8Array(1)).formData(), TypeError);
}

export async function urlencoded_bodies_are_forms_too() {
  const form = await parse("a=1&b=%E2%82%AC+x&a=2&&c", "application/x-www-form-urlencoded;charset=UTF-8");
  equal([...form], [["a", "1"], ["b", "€ x"], ["a", "2"], ["c", ""]]);
  equal([...(await new Response(null, { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData())], []);
}

export async function a_blob_has_the_type_that_the_headers_say() {
  const typeOf = async (headers) => (await new Response("x", { headers }).blob()).type;
  same(await typeOf({}), "text/plain;charset=UTF-8");
  same(await typeOf({ "content-type": "TEXT/html ; Charset=Utf-8" }), "text/html;charset=Utf-8");
  same(await typeOf({ "content-type": "bad" }), "");
  same(await typeOf([["content-type", "text/a"], ["content-type", "b/c"]]), "b/c");
  same(await typeOf([["content-type", "text/a;charset=x"], ["content-type", "text/a"]]), "text/a;charset=x");
  same(await typeOf({ "content-type": 'a/b;x="q,\\"w"' }), 'a/b;x="q,\\"w"');
  ok((await new Response(new Uint8Array(2)).blob()).size === 2);
}

export async function escapes_stay_as_they_are() {
  const [[name, file]] = await parse(part('Content-Disposition: form-data; name="a%22%0Ab"; filename="%0D%25"', "x") + "--X--");
  same(name, "a%22%0Ab");
  same(file.name, "%0D%25");
  same(file.lastModified, 0);
}

export async function the_type_of_a_file_is_the_mime_type_that_its_headers_say() {
  const disposition = 'Content-Disposition: form-data; name="a"; filename="f"';
  const typeOf = async (...headers) =>
    (await parse(`${part([disposition, ...headers].join("\r\n"), "x")}--X--`)).get("a").type;
  same(await typeOf(), "text/plain");
  same(await typeOf("Content-Type: TEXT/HTML"), "text/html");
  same(await typeOf("CONTENT-type \t: \t text/html;;x=\"Y\" \t"), "text/html;x=Y");
  same(await typeOf("Content-Type: text/html", "Content-Type: a/b"), "a/b");
  same(await typeOf("Content-Type: text/html, a/b"), "a/b");
  for (const none of ["", "text", "text/é", "text/\x01plain"]) same(await typeOf(`Content-Type: ${none}`), "");
}

export async function what_is_no_header_is_refused() {
  for (const header of ['name="a\0b"', 'name="a\nb"', 'name="a\rb"', 'name="a"\r\nX-Y: \0', 'name="a"\r\nX Y: z', 'name="a"\r\nX']) {
    await rejects(parse(`${part(`Content-Disposition: form-data; ${header}`, "x")}--X--`), TypeError, header);
  }
  equal([...(await parse(`--X\r\n Content-Disposition: form-data; name="a"\r\n\r\nb\r\n--X--`))], [["a", "b"]]);
}

export async function a_boundary_may_have_any_character() {
  const body = '--bé(\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--bé(--';
  equal([...(await parse(body, 'multipart/form-data; boundary="bé("'))], [["a", "b"]]);
}
