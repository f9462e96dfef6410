"""How cost grows with what there is of something: `python -m benchmarks.growth`.

- `series.py`: measured points, how steep they are, and growth.json, which keeps them.
- `objects.py`, `keys.py`, `sockets.py`, `scripts.py`, `bodies.py`, `cores.py`: an axis each.
- `axes.py`: all of them. `plot.py`: series as an SVG. `page.py`: both in docs/performance.md.

Each axis takes up to some minutes, so that `make bench` leaves them out; ARGS=--growth measures
them all, `--axes keys,bodies` some, and `--draw` only draws what growth.json has.
"""
