"""Placement: who owns an object now."""

from typing import Protocol


class Placement(Protocol):
    """Answers one question; nothing above may assume that an owner is local."""

    def is_here(self, object_id: str) -> bool:
        """True if this shard owns the object."""


class InProcess:
    """One shard that owns everything."""

    def is_here(self, object_id: str) -> bool:
        """Always."""
        return True
