"""What QuickJS does not take of a source that did not compile, said in words that it does."""

from holdfast.engine.set_patterns import with_plain_sets
from holdfast.engine.source_phase import with_default_imports


def mended(source: bytes) -> bytes:
    """The source as it may compile; the same where nothing is known to be amiss."""
    return with_plain_sets(with_default_imports(source))
