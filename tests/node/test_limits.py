"""What Node.js's modules ask of the host is bounded, and bad input harms nobody."""

import json

import pytest

from tests.inprocess import Server


async def told(server: Server, *calls: str, imports: str = "") -> list[str]:
    """What each call returns, or its error's name, code and message."""
    server.add(
        "main",
        f"""
        {imports}
        const tell = async (call) => {{
          try {{
            return `${{await call()}}`;
          }} catch (error) {{
            return [error.name, error.code, error.message].filter(Boolean).join(" ");
          }}
        }};
        export default {{ async fetch() {{
          const told = [];
          for (const call of [{", ".join(f"async () => {call}" for call in calls)}]) {{
            told.push(await tell(call));
          }}
          return Response.json(told);
        }} }};
        """,
    )
    lines: list[str] = json.loads(await server.text())
    return lines


async def test_derivation_is_held_to_what_takes_a_second(server: Server) -> None:
    lines = await told(
        server,
        "crypto.pbkdf2Sync('p', 's', 1_000_001, 8, 'sha1')",
        "crypto.pbkdf2Sync('p', 's', 100_000, 1_000_000, 'sha1')",
        "crypto.pbkdf2Sync('p', 's', 1, 2 ** 30, 'sha1')",
        "promisify(crypto.pbkdf2)('p', 's', 100_000, 1_000_000, 'sha1')",
        "crypto.scryptSync('p', 's', 8, { N: 2 ** 15, r: 8, p: 64, maxmem: 2 ** 30 })",
        "crypto.scryptSync('p', 's', 8, { N: 2 ** 20, r: 8 })",
        "promisify(crypto.scrypt)('p', 's', 8, { N: 3 })",
        imports="import crypto from 'node:crypto'; import { promisify } from 'node:util';",
    )
    assert all(line.startswith(("Error Pbkdf2", "RangeError")) for line in lines), lines
    assert lines[4].startswith("RangeError ERR_CRYPTO_INVALID_SCRYPT_PARAMS")


@pytest.mark.slow
async def test_what_swells_is_stopped(server: Server) -> None:
    lines = await told(
        server,
        "swell(zlib.gzipSync, zlib.gunzipSync, 6)",
        "swell(zlib.brotliCompressSync, zlib.brotliDecompressSync, 6)",
        "zlib.gunzipSync(zlib.gzipSync('x'.repeat(1000)), { maxOutputLength: 999 })",
        "promisify(zlib.gunzip)(zlib.gzipSync('x'.repeat(1000)), { maxOutputLength: 999 })",
        "crypto.randomBytes(2 ** 31 - 1)",
        imports="""
        import crypto from "node:crypto";
        import zlib from "node:zlib";
        import { promisify } from "node:util";
        // A small piece that becomes more than an isolate may hold, made of concatenated members.
        function swell(pack, unpack) {
          const member = pack(Buffer.alloc(8 << 20));
          return unpack(pack === zlib.gzipSync
            ? Buffer.concat(Array.from({ length: 20 }, () => member))
            : pack(Buffer.alloc(65 << 20))).length;
        }
        """,
    )
    assert lines[0].startswith("RangeError ERR_BUFFER_TOO_LARGE")
    assert lines[1].startswith(("RangeError ERR_BUFFER_TOO_LARGE", "InternalError out of memory"))
    assert lines[2].startswith("RangeError ERR_BUFFER_TOO_LARGE")
    assert lines[3].startswith("RangeError ERR_BUFFER_TOO_LARGE")
    assert lines[4].startswith("InternalError out of memory")


async def test_a_stream_that_swells_waits_for_its_reader(server: Server) -> None:
    lines = await told(
        server,
        """(async () => {
          const bomb = zlib.gzipSync(Buffer.alloc(15 << 20));
          const stream = zlib.createGunzip();
          stream.end(bomb);
          let most = 0;
          for await (const chunk of stream) {
            await null;
            most = Math.max(most, stream.readableLength);
          }
          return most <= 200_000;
        })()""",
        """(async () => {
          const open = () => zlib.createGzip().on("error", () => {});
          const streams = Array.from({ length: 401 }, open);
          for (const stream of streams) stream.write("x");
          await new Promise(setImmediate);
          const failed = streams.filter(({ destroyed }) => destroyed).length;
          for (const stream of streams) stream.destroy();
          const another = open();
          another.write("x");
          return `${failed} ${another.destroyed}`;
        })()""",
        imports="import zlib from 'node:zlib';",
    )
    assert lines == ["true", "1 false"]


async def test_a_large_buffer_is_filled_whole(server: Server) -> None:
    lines = await told(
        server,
        "crypto.randomBytes(200_001).subarray(-40).some((byte) => byte !== 0)",
        "crypto.randomFillSync(new Uint8Array(4), 2).subarray(0, 2)",
        imports="import crypto from 'node:crypto';",
    )
    assert lines == ["true", "0,0"]


async def test_damaged_compressed_data_is_an_error_with_its_code(server: Server) -> None:
    lines = await told(
        server,
        "zlib.gunzipSync('no gzip')",
        "zlib.inflateRawSync(Buffer.from([255, 255]))",
        "zlib.brotliDecompressSync(Buffer.from([255, 255, 255]))",
        "zlib.gunzipSync(zlib.gzipSync('text').subarray(0, 10))",
        "promisify(zlib.unzip)('no zip')",
        imports="import zlib from 'node:zlib'; import { promisify } from 'node:util';",
    )
    codes = [line.split()[1] for line in lines]
    assert codes[0] == codes[1] == codes[4] == "Z_DATA_ERROR"
    assert codes[2] == "ERR__ERROR_FORMAT_PADDING_1" and codes[3] == "Z_BUF_ERROR"


async def test_zones_are_names_and_never_paths(server: Server) -> None:
    names = ["../../etc/passwd", "/etc/passwd", "Europe", "x" * 10_000, "", "Europe/../UTC", "\\0"]
    calls = [f"new Intl.DateTimeFormat('en', {{ timeZone: {json.dumps(n)} }})" for n in names]
    lines = await told(server, *calls)
    assert all(line.startswith("RangeError Invalid time zone specified: ") for line in lines), lines


async def test_parameters_that_are_left_out_stay_as_they_are(server: Server) -> None:
    """Where Node.js 20 destroys the stream."""
    lines = await told(
        server,
        """{ const stream = zlib.createGzip(); stream.params(); stream.end("kept");
          return zlib.gunzipSync(await buffer(stream)); }""",
        imports="import zlib from 'node:zlib'; import { buffer } from 'node:stream/consumers';",
    )
    assert lines == ["kept"]


FS = "import fs from 'node:fs';"


async def test_what_files_held_is_given_back_when_nobody_can_reach_them(server: Server) -> None:
    fill = "fs.ftruncateSync(fd, 40 << 20)"
    lines = await told(
        server,
        # What has no name holds its bytes until it is closed, and no longer.
        f"""{{ for (let i = 0; i < 5; i++) {{
          const fd = fs.openSync('/tmp/a', 'w'); fs.unlinkSync('/tmp/a'); {fill}; fs.closeSync(fd);
        }} }}""",
        # A file with another name is still there when a directory goes.
        f"""{{ fs.mkdirSync('/tmp/d'); const fd = fs.openSync('/tmp/d/f', 'w'); {fill};
          fs.closeSync(fd); fs.linkSync('/tmp/d/f', '/tmp/kept');
          fs.rmSync('/tmp/d', {{ recursive: true }}); return fs.statSync('/tmp/kept').size; }}""",
        "{ fs.writeFileSync('/tmp/b', ''); fs.truncateSync('/tmp/b', 90 << 20); }",
        "{ fs.unlinkSync('/tmp/kept'); return fs.truncateSync('/tmp/b', 0); }",
        imports=FS,
    )
    assert lines[0] == "undefined"
    assert lines[1] == f"{40 << 20}"
    assert lines[2].startswith("Error ENOSPC")
    assert lines[3] == "undefined"


async def test_a_rename_that_is_refused_leaves_both_files(server: Server) -> None:
    lines = await told(
        server,
        "{ fs.writeFileSync('/tmp/a', 'kept'); fs.renameSync('/dev/null', '/tmp/a'); }",
        "fs.readFileSync('/tmp/a', 'utf8')",
        imports=FS,
    )
    assert lines[0].startswith("Error EPERM")
    assert lines[1] == "kept"


async def test_a_directory_is_not_copied_into_itself(server: Server) -> None:
    lines = await told(
        server,
        """{ fs.mkdirSync('/tmp/d/e', { recursive: true }); fs.symlinkSync('/tmp/d', '/tmp/l');
          fs.cpSync('/tmp/d', '/tmp/l/e/f', { recursive: true }); }""",
        "fs.globSync('**', { cwd: '/tmp', exclude: ['l'] })",
        imports=FS,
    )
    assert lines[0].startswith("SystemError ERR_FS_CP_EINVAL Invalid src or dest")
    assert lines[1] == "d,d/e"


async def test_what_is_no_chunk_and_no_flush_is_the_scripts_mistake(server: Server) -> None:
    server.add(
        "main",
        """
        import zlib from "node:zlib";
        const failure = (call) => { try { call(); } catch (error) { return error.code; } };
        export default { async fetch() {
          const zipping = zlib.createGzip();
          const told = [
            failure(() => zlib.createGzip()._transform({}, null, () => {})),
            failure(() => zlib.createGzip().flush("x")),
            failure(() => zlib.createGzip().flush(99)),
            failure(() => zlib.createGunzip()._processChunk("x", 0)),
          ];
          zipping.on("error", (error) => told.push(error.message));
          zipping.write(new Uint8Array(100_000));
          zipping.destroy(); // before a thread has begun
          await new Promise((resolve) => zipping.on("close", resolve));
          return Response.json(told);
        } };
        """,
    )
    told = ["ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_TYPE", "ERR_OUT_OF_RANGE"]
    assert json.loads(await server.text()) == [*told, "ERR_INVALID_ARG_TYPE"]
