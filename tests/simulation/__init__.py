"""Deterministic simulation: a whole shard, in which a seed decides what chance would.

Everything is real but time, threads and the disk: the runtime, isolates, SQLite's files. One
number decides what clients ask for and when, how long threads and syncs take and in which order
they end, which syncs fail, and when the machine loses its power, objects are evicted or code is
updated. The same number gives the same run, to the letter of its trace.

- `loop`: an event loop whose time jumps to whatever is due next, and threads made of its timers;
- `disk`: which of a folder's bytes are durable, and what a power loss leaves of it;
- `programs`: what clients ask of objects; `objects.mjs` does it;
- `world`: one run;
- `history`: what was asked, answered and found, held against what Holdfast promises;
- `broken`: Holdfast with one promise broken, which the simulation has to notice.

`python -m tests.simulation --seeds 5000` runs many; `--seed 7` replays one, `--trace` shows it.
"""
