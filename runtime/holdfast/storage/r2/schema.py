"""The tables of a bucket. Keys are UTF-8, so that their order is R2's."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    key BLOB PRIMARY KEY,
    content TEXT NOT NULL,       -- the name of its file, or of the folder with its parts
    parts INTEGER NOT NULL,      -- how many it was uploaded in; 0: at once
    version TEXT NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    uploaded INTEGER NOT NULL,   -- milliseconds since the epoch
    checksums TEXT NOT NULL,     -- JSON, as the next two
    http_metadata TEXT NOT NULL,
    custom_metadata TEXT NOT NULL,
    storage_class TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY,
    key BLOB NOT NULL,
    content TEXT NOT NULL,
    begun INTEGER NOT NULL,      -- milliseconds since the epoch
    ended INTEGER NOT NULL,      -- 1: completed or aborted
    http_metadata TEXT NOT NULL,
    custom_metadata TEXT NOT NULL,
    storage_class TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS parts (
    content TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,          -- of its file
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,          -- the MD5 of it
    PRIMARY KEY (content, number)
) STRICT, WITHOUT ROWID;

-- Contents that nothing leads to any more, and whose files may still be there.
CREATE TABLE IF NOT EXISTS garbage (
    content TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Has a row once the bucket is deleted: whoever still has the file open is to let go of it.
CREATE TABLE IF NOT EXISTS deleted (
    at INTEGER PRIMARY KEY
) STRICT;
"""

DIRECTORY = """
CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY,
    id TEXT NOT NULL,            -- the name of its folder, which no other bucket ever has
    created INTEGER NOT NULL,    -- milliseconds since the epoch
    storage_class TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS cors (
    id TEXT PRIMARY KEY,         -- of a bucket
    rules TEXT NOT NULL          -- JSON
) STRICT, WITHOUT ROWID;
"""

COLUMNS = (
    "key, version, size, etag, uploaded, checksums, http_metadata, custom_metadata, storage_class"
)
PUT = f"INSERT OR REPLACE INTO objects (content, parts, {COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)"  # noqa: S608 - names of columns
