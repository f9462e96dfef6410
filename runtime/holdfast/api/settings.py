"""The API's settings."""

from dataclasses import field

from holdfast.dataclass import dataclass

MIB = 1 << 20


@dataclass(slots=True)
class Whereabouts:
    """Where clients find Workers: below a domain, at a port that is known once it is open."""

    domain: str = "localhost"
    port: int = 80

    @property
    def host(self) -> str:
        """What follows `<script>.` in a URL."""
        return self.domain if self.has_usual_port else f"{self.domain}:{self.port}"

    @property
    def has_usual_port(self) -> bool:
        """True for a port that no URL has to name."""
        return self.port in (80, 443)


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """How the API behaves.

    `token` is what clients must present. `max_script_bytes` bounds the sum of an
    upload's modules, as on Cloudflare
    (https://developers.cloudflare.com/workers/platform/limits/#worker-size);
    `upload_timeout_s` bounds the time that an upload's body may take.
    `metrics_token`, unless it is empty, opens the metrics, and nothing else.
    `workers` is for clients that ask where Workers are.
    """

    token: str = field(repr=False)
    max_script_bytes: int = 64 * MIB
    upload_timeout_s: float = 300.0
    metrics_token: str = field(default="", repr=False)
    workers: Whereabouts = field(default_factory=Whereabouts)

    def __post_init__(self) -> None:
        assert self.token, "an API without a token would let anyone in"

    @property
    def max_body_bytes(self) -> int:
        """A bound for the whole body: the modules, and room for metadata and part headers."""
        return self.max_script_bytes + MIB
