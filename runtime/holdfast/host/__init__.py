"""What JavaScript may ask of the host: ops, one file per area.

May import catalog, assets, storage and engine. An op is declared once with a decorator of
`ops.py` and is used by the polyfills under its function's name; `tests/ops.txt`
pins the list.

- `Host` (context.py): one isolate's side of the host: its loop, clock and
  capabilities, the ops under way, and the way into the isolate.
- `Platform` (platform.py): polyfills, ops and constants, ready to make isolates.
- `constants.py`: limits and protocol numbers that both sides use.
- compatibility.py: which flags hold; console.py, timers.py, frames.py, clock.py; system.py: the
  real clock; events.py: how a Worker answers.
- byte_streams.py: bodies; bodies.py: those that scripts know by number; file_bodies.py: files as
  such; codings.py: gzip and the like; large_json.py, multipart.py, compression.py; header_lines.py:
  headers, as they cross; holders.py bounds what waits.
- jobs.py: work for threads.
- fetch.py sends requests, with fetch_messages.py, fetch_connections.py, outgoing.py, redirects.py,
  origins.py, loops.py and egress.py (which addresses scripts may reach); edge.py: `request.cf`;
  cache.py and caching.py are the Cache API.
- sockets_end.py: what a WebSocket's two ends are; sockets.py, sockets_wire.py, sockets_client.py
  and sockets_hibernation.py: who has one; sockets_reader.py, sockets_extensions.py and
  sockets_deflate.py: messages on the wire; sockets_tcp.py: `connect()`.
- objects.py, facets.py, loaders.py and rpc.py: calls that leave the isolate, as protocols that
  objects/ fulfils.
- storage.py, sql.py, alarms.py and bookmarks.py: what the objects of an isolate keep.
- kv.py and site_files.py, d1.py, queues.py, mail.py and mail_text.py, rate_limits.py; r2.py with
  r2_bindings.py and r2_bodies.py: Cloudflare's bindings.
- url.py; html.py; serialize.py; encoding.py: texts from bytes, by decoders.py, decoding.py,
  multibyte.py, big5_patch.py, jis.py and iso_2022_jp.py; intl.py, intl_dates.py and intl_text.py.
- crypto/: Web Crypto. node.py: which modules of Node.js there are; bundle.py: a script's modules as
  files; node_zlib.py with node_zlib_coders.py and node_zlib_zstd.py; node_crypto/.
"""
