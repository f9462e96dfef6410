"""D1 databases: SQLite files that all Workers of a server may share, one for each database.

- `D1Databases` (databases.py): all of a data folder; runs queries on threads, in their order.
- `D1Database` (database.py): one file; every request is one transaction.
- `D1Connection` (connection.py): how a script's statements run, and what is counted of them.
- `Past` (past.py), `Pasts` (pasts.py): Time Travel, of one database and of all; metadata.py: what
  a database tells of itself; files.py: what is kept where; expiry.py: pasts that have ended.
- `D1Registry` (registry.py): those that were created, and their names.
- dump.py: a database as SQL; sql_script.py: SQL from a file.
- encoding.py: results as the JSON that scripts and the API's clients are given; pure.

https://developers.cloudflare.com/d1/
"""

from holdfast.storage.d1.connection import D1Error, D1Limits, Outcome
from holdfast.storage.d1.database import Answers, D1Database, Ingested, Query
from holdfast.storage.d1.databases import D1Databases
from holdfast.storage.d1.dump import DumpOptions
from holdfast.storage.d1.pasts import Pasts
from holdfast.storage.d1.registry import Created, D1Registry, NameTaken

__all__ = [
    "Answers",
    "Created",
    "D1Database",
    "D1Databases",
    "D1Error",
    "D1Limits",
    "D1Registry",
    "DumpOptions",
    "Ingested",
    "NameTaken",
    "Outcome",
    "Pasts",
    "Query",
]
