"""Forms taken apart, also at random and through an isolate."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.engine import Handle, Limits, Module, ModuleKind
from holdfast.host.context import Capabilities, Host
from holdfast.host.multipart import MAX_PARTS, MultipartError, parse_multipart
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock

SCRIPT = b"""
import { Context, runTurn } from "holdfast:kernel/turns.js";
import { FormData } from "holdfast:fetch/form-data.js";
import { Headers, headersFromRaw, rawOfHeaders } from "holdfast:fetch/headers.js";
import { Response } from "holdfast:fetch/response.js";
import { File } from "holdfast:files/file.js";

const context = new Context();
let outcome;
export const result = () => outcome;
const inTurn = (run) => (...args) => {
  outcome = undefined;
  runTurn(context, async () => {
    try { outcome = JSON.stringify(await run(...args)); }
    catch (error) { outcome = JSON.stringify({ error: error.name }); }
  });
};

async function describe(form) {
  const entries = [];
  for (const [name, value] of form) {
    if (typeof value === "string") entries.push([name, value]);
    else entries.push([name, value.name, value.type, Array.from(await value.bytes())]);
  }
  return entries;
}

// [name, value] or [name, file name, type, bytes], there and back.
export const roundTrip = inTurn(async (text) => {
  const form = new FormData();
  for (const [name, value, type, bytes] of JSON.parse(text)) {
    const isText = bytes === undefined;
    form.append(name, isText ? value : new File([new Uint8Array(bytes)], value, { type }));
  }
  return describe(await new Response(form).formData());
});

export const parse = inTurn(async (bytes, type) =>
  describe(await new Response(bytes, { headers: { "content-type": type } }).formData()));

export function headers(text) {
  const entries = JSON.parse(text);
  let built;
  try { built = new Headers(entries); } catch (error) { return error.name; }
  const raw = rawOfHeaders(built);
  return JSON.stringify([[...built], [...headersFromRaw(raw, "none")]]);
}
"""


class FormScript:
    """An isolate that reads and writes forms."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.host = Host(self.loop, SystemClock(), Capabilities())
        Platform().create_isolate(self.host, limits=Limits())
        isolate = self.host.isolate
        isolate.add_modules({"holdfast:test": Module("holdfast:test", ModuleKind.ESM, SCRIPT)})
        self.namespace = isolate.evaluate("holdfast:test")
        self.exports: dict[str, Handle] = {}

    def call(self, name: str, *arguments: str | bytes) -> Any:
        isolate = self.host.isolate
        for export in (name, "result"):
            if export not in self.exports:
                self.exports[export] = isolate.export(self.namespace, export)
        if name == "headers":
            return isolate.call(self.exports[name], *arguments)
        self.host.enter(self.exports[name], *arguments)
        return json.loads(str(isolate.call(self.exports["result"])))

    def close(self) -> None:
        self.host.isolate.close()
        self.loop.close()


@pytest.fixture(scope="module")
def script() -> Iterator[FormScript]:
    script = FormScript()
    yield script
    script.close()


# Without NUL, which no header may have.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
) | st.sampled_from(
    ["", '"', "\r", "\n", "\r\n", "a\r\nb", "%22", ";", "--", "\\", "=?utf-8?", "'"]
)
TYPE = st.sampled_from(["", "text/plain", "a/b;c=d", 'x/y;z="q r"'])
PART = st.tuples(TEXT, TEXT) | st.tuples(TEXT, TEXT, TYPE, st.binary(max_size=50).map(list))


def lines(text: str) -> str:
    """The text with each kind of line break as CRLF."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


@given(st.lists(PART, max_size=6))
def test_every_form_survives_the_round_trip(script: FormScript, parts: list[Any]) -> None:
    expected = []
    for name, value, *file in parts:
        name = escaped(lines(name))
        if file:
            file_type, content = file
            written = file_type or "application/octet-stream"
            expected.append([name, escaped(value), written, content])
        else:
            expected.append([name, lines(value)])
    assert script.call("roundTrip", json.dumps(parts)) == expected


def escaped(text: str) -> str:
    """A name as it is written, and as it is read again: nobody can tell who wrote the escapes."""
    return text.replace("\n", "%0A").replace("\r", "%0D").replace('"', "%22")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r'"a\"b"', 'a"b'),
        (r'"\"a\""', '"a"'),
        ('"C:\\"', "C:\\"),
        (r'"C:\x\y"', r"C:\x\y"),
        (r'"a\"; x="y"', "a\\"),
    ],
)
def test_quotes_in_a_name_are_escaped_as_curl_does(
    script: FormScript, written: str, read: str
) -> None:
    head = f"--B\r\nContent-Disposition: form-data; name={written}"
    content = f"{head}\r\n\r\n1\r\n--B--"
    got = script.call("parse", content.encode(), "multipart/form-data; boundary=B")
    assert got == [[read, "1"]]


PIECES = st.sampled_from(
    [
        b"--B",
        b"--",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"Content-Disposition: form-data; ",
        b'name="a"',
        b"; filename=f",
        b"; filename*=utf-8''%e2%82%ac",
        b'"',
        b";",
        b"Content-Type: a/b",
        b"\xff\x00",
        b" ",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=4), max_size=30).map(b"".join))
def test_junk_is_a_form_or_a_type_error(script: FormScript, junk: bytes) -> None:
    got = script.call("parse", junk, "multipart/form-data; boundary=B")
    assert isinstance(got, list) or got == {"error": "TypeError"}


@given(st.binary(max_size=30), st.text(max_size=20))
def test_any_content_type_is_survived(script: FormScript, content: bytes, text: str) -> None:
    value = "".join(c for c in text if c not in "\0\r\n" and ord(c) < 256)
    got = script.call("parse", content, f"multipart/form-data;{value}")
    assert isinstance(got, list) or got == {"error": "TypeError"}


NAMES = st.text(st.characters(max_codepoint=300), max_size=6) | st.sampled_from(
    ["set-cookie", "Set-Cookie", "a", "A", "b-c"]
)


@given(
    st.lists(st.tuples(NAMES, st.text(st.characters(max_codepoint=300), max_size=12)), max_size=8)
)
def test_headers_are_refused_or_survive_as_raw_text(
    script: FormScript, entries: list[tuple[str, str]]
) -> None:
    token = set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    stripped = [(name, value.strip(" \t\r\n")) for name, value in entries]
    valid = all(
        name and set(name) <= token and not set("\0\r\n") & set(value) for name, value in stripped
    )
    got = script.call("headers", json.dumps(entries))
    if not valid:
        assert got == "TypeError"
        return
    built, parsed = json.loads(got)
    assert built == parsed
    expected: dict[str, list[str]] = {}
    for name, value in stripped:
        expected.setdefault(name.lower(), []).append(value)
    pairs = []
    for name in sorted(expected):
        values = expected[name]
        pairs += (
            [[name, v] for v in values] if name == "set-cookie" else [[name, ", ".join(values)]]
        )
    assert built == pairs


def test_the_number_of_parts_is_limited() -> None:
    part = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    assert len(list(parse_multipart(part * MAX_PARTS + b"--B--", "B"))) == MAX_PARTS
    with pytest.raises(MultipartError):
        list(parse_multipart(part * (MAX_PARTS + 1) + b"--B--", "B"))


def test_a_large_file_is_found_by_its_place() -> None:
    content = b"\r\n--X" * 200_000
    head = b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
    form = head + content + b"\r\n--B--\r\n"
    [part] = parse_multipart(form, "B")
    assert part == ("f", "x", "text/plain", len(head), len(head) + len(content))
