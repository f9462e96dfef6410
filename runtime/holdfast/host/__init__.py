"""What JavaScript may ask of the host: ops, one file per area.

May import catalog, storage and engine. An op is declared once with a decorator of
`ops.py` and is used by the polyfills under its function's name; `tests/ops.txt`
pins the list.

- `Host` (context.py): one isolate's side of the host: its loop, clock and
  capabilities, the ops under way, and the way into the isolate.
- `Platform` (platform.py): polyfills, ops and constants, ready to make isolates.
- `constants.py`: limits and protocol numbers that both sides use.
- bodies.py: streams of bytes that scripts know by number; jobs.py: work for threads.
- fetch.py sends requests, with outgoing.py, redirects.py, decoding.py and egress.py (which
  addresses scripts may reach); cache.py and caching.py are the Cache API.
- sockets_end.py: what a WebSocket's two ends are; sockets_wire.py, sockets_client.py and
  sockets_hibernation.py: who has one; sockets_tcp.py: `connect()`.
- objects.py and rpc.py: calls that leave the isolate, as protocols that objects/ fulfils.
- crypto/: Web Crypto. node.py: which modules of Node.js there are;
  bundle.py: a script's modules as files.
"""
