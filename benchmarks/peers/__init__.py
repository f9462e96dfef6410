"""The sides of the comparison: each knows how to start its server on an empty folder.

- `Peer` (base.py): the interface; `Unavailable` says what to install.
- `holdfast.py`, `workerd.py`: the two sides.
"""

from benchmarks.peers.base import Peer, Unavailable
from benchmarks.peers.holdfast import Holdfast
from benchmarks.peers.workerd import Workerd

__all__ = ["Holdfast", "Peer", "Unavailable", "Workerd"]
