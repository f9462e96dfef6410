"""The API's settings."""

from dataclasses import dataclass, field

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """How the API behaves.

    `token` is what clients must present. `max_script_bytes` bounds the sum of an
    upload's modules; `upload_timeout_s` the time that an upload's body may take.
    """

    token: str = field(repr=False)
    max_script_bytes: int = 10 * MIB
    upload_timeout_s: float = 300.0

    def __post_init__(self) -> None:
        assert self.token, "an API without a token would let anyone in"

    @property
    def max_body_bytes(self) -> int:
        """A bound for the whole body: the modules, and room for metadata and part headers."""
        return self.max_script_bytes + MIB
