"""An isolate for a test."""

from collections.abc import Iterator

import pytest

from holdfast.engine import Isolate, Limits


@pytest.fixture
def isolate() -> Iterator[Isolate]:
    isolate = Isolate(limits=Limits(turn_cpu_ms=300, memory_bytes=32 << 20))
    yield isolate
    isolate.close()
