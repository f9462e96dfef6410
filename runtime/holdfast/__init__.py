"""Holdfast: a self-hosted runtime for Workers and Durable Objects.

The folders are layers; each imports only those below it: cli, testing, api, server, objects,
workers, host, catalog, assets, storage, engine. `docs/architecture.md` tells how a request travels
through them. All of them may use dataclass.py, lazy.py, importing.py (these keep starts short),
meant.py (what is misspelt) and crc.py.
"""

__version__ = "0.1.0"
