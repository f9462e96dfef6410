"""R2 buckets: objects with keys, whose contents are files.

- `Buckets` (buckets.py): all buckets of a server, by name; `Bucket` (bucket.py): one of them,
  with uploads in parts (uploads.py); listing.py and upload_listing.py: page by page.
- contents.py: contents as files, from their first byte to their removal; commits.py: changes of
  metadata that wait for the disk together; schema.py: the tables, rows.py: objects in them.
- conditions.py, ranges.py: on what condition, and which bytes; objects.py: what is told of one;
  checksums.py: of contents; cors.py: what pages of other origins may do with a bucket; copying.py:
  a copy of them all.
- errors.py: what can go wrong, with Cloudflare's numbers.

`<data>/r2/` holds `buckets.sqlite`, and for each bucket a folder with its metadata,
`bucket.sqlite`, and its contents. All processes of a server use them at the same time.

Everything here blocks, and may be called from any thread.

https://developers.cloudflare.com/r2/api/workers/workers-api-reference/
"""

from holdfast.storage.r2.bucket import Bucket
from holdfast.storage.r2.buckets import BucketInfo, Buckets, is_bucket_name
from holdfast.storage.r2.conditions import Condition
from holdfast.storage.r2.errors import R2Error
from holdfast.storage.r2.objects import Metadata, StoredObject

__all__ = [
    "Bucket",
    "BucketInfo",
    "Buckets",
    "Condition",
    "Metadata",
    "R2Error",
    "StoredObject",
    "is_bucket_name",
]
