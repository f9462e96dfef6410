// Libraries of Node.js's own world, which import its files and connections whether they use them or not.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import nodemailer from "nodemailer";
import sanitizeHtml from "sanitize-html";

export default {
  async fetch() {
    mkdirSync("/tmp/letters");
    writeFileSync("/tmp/letters/a.txt", "attached");
    const transport = nodemailer.createTransport({ streamTransport: true, newline: "unix" });
    const { message } = await transport.sendMail({
      from: "a@b.example",
      to: "c@d.example",
      subject: "S\u00fcbject",
      text: "text",
      attachments: [{ path: "/tmp/letters/a.txt" }],
    });
    let letter = "";
    for await (const chunk of message) letter += chunk;
    assert.match(letter, /^Subject: =\?UTF-8\?Q\?S=C3=BCbject\?=$/m);
    assert.match(letter, /filename=a.txt/);
    assert.ok(letter.includes(btoa(readFileSync("/tmp/letters/a.txt", "latin1"))));
    assert.equal(
      sanitizeHtml("<p style='color:red' onclick=x>a<script>b</script></p>", {
        allowedAttributes: { p: ["style"] },
        allowedStyles: { "*": { color: [/^red$/] } },
      }),
      '<p style="color:red">a</p>',
    );
    return new Response("ok");
  },
};
