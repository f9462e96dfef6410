"""What JavaScript may ask of the host: ops, one file per area.

May import catalog, storage and engine. An op is declared once with a decorator of
`ops.py` and is used by the polyfills under its function's name; `tests/ops.txt`
pins the list.

- `Host` (context.py): one isolate's side of the host: its loop, clock and
  capabilities, the ops under way, and the way into the isolate.
- `Platform` (platform.py): polyfills, ops and constants, ready to make isolates.
- `constants.py`: limits and protocol numbers that both sides use.
"""
