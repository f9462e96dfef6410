"""Static assets: files that are served beside a script, or without one.

What is here knows paths, rules and files, and nothing of HTTP connections or isolates; it imports
only `storage` (for what survives a power loss). `workers/assets.py` answers requests with it.

- `configuration.py`: `AssetsConfig`, what a project says of its assets; `asset.py`: `Asset`, one
  file; `site.py`: `Assets`, a script's files with their configuration.
- `workers_site.py`: the files of a Workers Site, which are found by keys and not served.
- `folder.py` has the files of a directory, `manifest.py` those that were uploaded; `store.py`
  keeps the contents of the latter.
- `html_handling.py` finds the file for a path, `redirects.py` and `headers.py` read `_redirects`
  and `_headers`, `rules.py` matches their paths, `rule_text.py` has their lines,
  `static_routing.py` those of `run_worker_first`.
- `content_types.py` tells Content-Types.

Semantics are those of Cloudflare's asset worker and router worker.
https://developers.cloudflare.com/workers/static-assets/
https://github.com/cloudflare/workers-sdk/tree/main/packages/workers-shared
"""

from holdfast.assets.asset import Asset
from holdfast.assets.configuration import AssetsConfig, AssetsInvalid
from holdfast.assets.folder import AssetFolder
from holdfast.assets.site import Assets

__all__ = ["Asset", "AssetFolder", "Assets", "AssetsConfig", "AssetsInvalid"]
