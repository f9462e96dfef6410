"""A disk without room for objects: what was there stays, and it goes on when there is some."""

import pytest

from holdfast.storage.r2.errors import NoRoom
from tests.faults.test_disk_trouble import Disk, disk
from tests.storage.r2.conftest import Hands

pytestmark = pytest.mark.slow

__all__ = ["disk"]


def fill(hands: Hands, size: int) -> None:
    for n in range(1_000):  # there are blocks that are half full
        hands.put(f"new-{size}-{n}", b"x" * size)


def test_a_full_disk_refuses_objects_and_keeps_those_that_are_there(disk: Disk) -> None:
    hands = Hands(disk.folder / "r2")
    hands.buckets.create("bucket", 0)
    hands.put("kept", b"k" * 100_000)
    hands.put("other", b"o")
    disk.fill()
    for size in (0, 10, 1_000_000):
        with pytest.raises(NoRoom):
            fill(hands, size)
    with pytest.raises(NoRoom):
        hands.put("kept", b"n" * 2_000_000)
    assert hands.get("kept") == b"k" * 100_000
    assert hands.again().get("other") == b"o"
    disk.free()
    hands.put("kept", b"new")
    assert (hands.get("kept"), hands.get("other")) == (b"new", b"o")
    hands.use(lambda bucket: bucket.delete(["kept"]))
    hands.buckets.close()
