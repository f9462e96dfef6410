"""Zstandard of node:zlib: what comes of it, what it refuses, and what its streams may hold."""

import json
from pathlib import Path
from typing import Any

from holdfast.host.node_zlib import MAX_WEIGHT
from holdfast.host.node_zlib_zstd import ZstdCompressor
from tests.inprocess import Server

IMPORTS = """
import * as zlib from "node:zlib";
import { promisify } from "node:util";
const { constants } = zlib;
const failure = async (call) => {
  try { return await call(); } catch ({ name, code, message }) { return [name, code, message]; }
};
const through = async (stream, ...chunks) => {
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  return Buffer.concat(await stream.toArray());
};
"""


async def told(folder: Path, body: str) -> Any:
    async with Server(folder) as server:
        script = f"{IMPORTS} export default {{ async fetch() {{ {body} }} }};"
        server.add("main", script)
        return json.loads(await server.text())


async def test_what_zstandard_compresses_is_the_same_again_by_all_its_ways(tmp_path: Path) -> None:
    answer = await told(
        tmp_path,
        """
        const text = "hello ".repeat(50_000);
        const best = { params: { [constants.ZSTD_c_compressionLevel]: 19 } };
        const checked = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
        const unsized = { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } };
        const unpack = async (bytes) => (await promisify(zlib.zstdDecompress)(bytes)) == text;
        const streamed = await through(zlib.createZstdCompress(), text, text.slice(0, 0));
        const decompress = zlib.createZstdDecompress({ chunkSize: 64 });
        const again = await through(decompress, streamed.subarray(0, 9), streamed.subarray(9));
        return Response.json([
          zlib.zstdCompressSync("hello").toString("hex"),
          zlib.zstdCompressSync("hello", checked).length,
          zlib.zstdCompressSync("", unsized).toString("hex"),
          await unpack(await promisify(zlib.zstdCompress)(text)),
          await unpack(zlib.zstdCompressSync(text, best)),
          again == text && decompress instanceof zlib.ZstdDecompress,
          zlib.zstdDecompressSync("").length,
          zlib.zstdDecompressSync(Buffer.concat([streamed, Buffer.from("tail")])) == text,
        ]);
        """,
    )
    assert answer == ["28b52ffd200529000068656c6c6f", 18, "28b52ffd0000010000"] + [True] * 3 + [
        0,
        True,
    ]


async def test_damaged_frames_and_parameters_that_there_are_not_are_errors(tmp_path: Path) -> None:
    answer = await told(
        tmp_path,
        """
        const [window, level] = [constants.ZSTD_c_windowLog, constants.ZSTD_c_compressionLevel];
        const packed = zlib.zstdCompressSync("text".repeat(9));
        const wide = zlib.zstdCompressSync("x", { params: { [window]: 23 } });
        return Response.json(await Promise.all([
          () => zlib.zstdDecompressSync("no frame"),
          () => promisify(zlib.zstdDecompress)(packed.subarray(0, -2)),
          () => through(zlib.createZstdDecompress(), "no frame"),
          () => through(zlib.createZstdCompress({ pledgedSrcSize: 9 }), "text"),
          () => new zlib.ZstdCompress({ params: { 999: 1 } }),
          () => new zlib.ZstdCompress({ params: { 150: 1 } }),
          () => new zlib.ZstdCompress({ params: { [window]: 99 } }),
          () => new zlib.ZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 99 } }),
          () => zlib.zstdCompressSync("", { params: { [level]: "3" } }),
          () => zlib.zstdDecompressSync(packed, { maxOutputLength: 3 }),
        ].map(failure)));
        """,
    )
    unfit = ["Error", "ERR_ZLIB_INITIALIZATION_FAILED", "Initialization failed"]
    broken = "Zstd decompression failed: Unknown frame descriptor"
    assert answer[:8] == [
        ["Error", "ERR_ZSTD_DECOMPRESSION_FAILED", broken],
        ["Error", "Z_BUF_ERROR", "unexpected end of file"],
        ["Error", "ERR_ZSTD_DECOMPRESSION_FAILED", broken],
        [
            "Error",
            "ERR_ZSTD_COMPRESSION_FAILED",
            "Zstd compression failed: Src size is incorrect",
        ],
        ["RangeError", "ERR_ZSTD_INVALID_PARAM", "999 is not a valid Zstd parameter"],
        unfit,
        unfit,
        unfit,
    ]
    assert [code for _, code, _ in answer[8:]] == ["ERR_INVALID_ARG_TYPE", "ERR_BUFFER_TOO_LARGE"]


def test_a_compressor_counts_by_what_it_may_hold() -> None:
    weights = [ZstdCompressor(n, None).weight for n in ([-1], [-1, 100, 9], [-1, 100, 99])]
    assert weights == [20, 60, 200] and max(weights) * 2 <= MAX_WEIGHT
    assert ZstdCompressor([-1, 101, 31, 102, 30, 400, 64], None).weight == 200
