"""A body for tests."""

from holdfast.host.byte_streams import ByteStream


class Chunks(ByteStream):
    """A body that comes in these chunks."""

    def __init__(self, *chunks: bytes) -> None:
        self.length = None
        self.chunks = list(chunks)
        self.cancelled = False

    async def read(self) -> bytes:
        return self.chunks.pop(0) if self.chunks else b""

    def cancel(self) -> None:
        self.cancelled = True


# ---- pipes ----------------------------------------------------------------------------
