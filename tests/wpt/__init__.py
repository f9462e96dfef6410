"""The runner of the Web Platform Tests, unmodified, in Holdfast's own isolates.

`make wpt` runs `python -m tests.wpt`. The parent process (`pool`) hands one test after the
other to a worker process per core (`worker`), which gives each an isolate of its own
(`isolate`); servers of the parent's (`server`, `sockets`, `handlers`, `requests`) answer what
tests fetch.
`discovery` says which files are tests and why others cannot be, `expected` what is
known to fail and why, `report` prints the table. `subset` fetches the tests.
"""
