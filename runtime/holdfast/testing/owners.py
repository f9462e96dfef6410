"""Who closes a harness: the test that made it, or a fixture that several tests share."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.testing.stage import Stage

shared_fixtures: "list[list[Stage]]" = []
"""What the fixtures have made that are being set up, and that outlive a test; the last within."""
