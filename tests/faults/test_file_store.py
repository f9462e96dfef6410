"""An application that keeps files: streams through a Worker into an object, piece by piece."""

import asyncio
import hashlib
import io
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.site import CONNECTION_ERRORS, Site

pytestmark = pytest.mark.slow

FILES = """
const PIECE_BYTES = 131_072;
const hex = (buffer) => new Uint8Array(buffer).toHex();

export class Files {
  constructor({ storage }) { this.storage = storage; }

  async fetch(request) {
    const { pathname } = new URL(request.url);
    return request.method === "PUT" ? this.take(pathname, request.body) : this.give(pathname);
  }

  // A file is there once its entry is, and that is written last.
  async take(name, stream) {
    const upload = crypto.randomUUID();
    const digest = new crypto.DigestStream("SHA-256");
    const writer = digest.getWriter();
    let pieces = 0, bytes = 0, rest = new Uint8Array(0);
    const keep = (piece) => this.storage.put(`${upload}/${pieces++}`, piece);
    for await (const chunk of stream) {
      await writer.write(chunk);
      bytes += chunk.byteLength;
      rest = new Uint8Array(await new Blob([rest, chunk]).arrayBuffer());
      for (; rest.byteLength >= PIECE_BYTES; rest = rest.slice(PIECE_BYTES)) {
        await keep(rest.slice(0, PIECE_BYTES));
      }
    }
    if (rest.byteLength > 0) await keep(rest);
    await writer.close();
    await this.storage.put(name, { upload, pieces, bytes });
    return Response.json({ bytes, digest: hex(await digest.digest) });
  }

  async give(name) {
    const entry = await this.storage.get(name);
    if (entry === undefined) return new Response("There is no such file.", { status: 404 });
    const { readable, writable } = new FixedLengthStream(entry.bytes);
    const pour = async () => {
      const writer = writable.getWriter();
      for (let i = 0; i < entry.pieces; i++) {
        await writer.write(await this.storage.get(`${entry.upload}/${i}`));
      }
      await writer.close();
    };
    pour();
    return new Response(readable);
  }
}

export default { fetch: (request, env) => env.Files.getByName("all").fetch(request) };
"""


async def test_a_file_is_whole_after_a_kill_and_one_cut_off_is_not_there(tmp_path: Path) -> None:
    content = random.Random(7).randbytes(6_000_000)
    told = {"bytes": len(content), "digest": hashlib.sha256(content).hexdigest()}

    async with Site(tmp_path) as site:
        assert await site.deploy("files", FILES, "Files") == 200
        assert (
            json.loads(await site.get("files", "/a", method="PUT", data=io.BytesIO(content)))
            == told
        )

        begun = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            yield content[:1_000_000]
            begun.set()
            await asyncio.Event().wait()

        cut = asyncio.create_task(site.fetch("files", "/b", method="PUT", data=endless()))
        await begun.wait()
        site.crash()
        with pytest.raises(CONNECTION_ERRORS):
            await cut
        site.start()

        async with site.request("files", "/a") as response:
            assert response.headers["Content-Length"] == str(len(content))
            assert await response.read() == content
        assert await site.fetch("files", "/b") == (404, "There is no such file.")
        assert (
            json.loads(await site.get("files", "/b", method="PUT", data=io.BytesIO(content)))
            == told
        )
