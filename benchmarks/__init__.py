"""Holdfast and workerd on the same script under the same load: `make bench`.

- `sockets.py`: the load of the rows over WebSockets.
- `rows.py`: what is measured, and the bar for each row.
- `peers/`: how each side is started; `process.py`: what both starts share.
- `load.py`: wrk, its output and its absence; `memory.py`: what a side occupies.
- `compare.py`: the sides take turns, and the best run of each counts.
- `report.py`: RESULTS.md and results.json; `machine.py`: where it was measured.
- `figures.py`: figures with a bar, for the measures that follow.
- `platform_micro.py`, `storage_script.py`, `cpu.py`: single operations, beside workerd or V8.
- `alone.py`: what has no peer, of `many.py`, `slow_disk.py` and `starts.py`.
- `growth/`: how cost grows, with plots.
- `tests.py`: 200 tests with the pytest plugin, beside vitest.
- `overload.py`: ten times the load that Holdfast can carry.
- `durability.py`: counts each side's fsyncs, to show that both keep the same promise.

Imports nothing of Holdfast: it is measured from outside, as a user meets it.
"""
