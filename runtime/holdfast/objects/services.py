"""What a service binding leads to."""

from holdfast.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ServiceTarget:
    """An entrypoint of a script, with what it is to see as its `ctx.props` (see fetcher.js)."""

    script: str
    entrypoint: str
    props: str | None = None

    def drop(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class ClassTarget:
    """A Durable Object class of a script, with what its objects are to see as `ctx.props`.

    It is told as an entrypoint would be.
    """

    of: ServiceTarget

    def drop(self) -> None:
        """Nothing is held."""


class Services:
    """The services that one isolate may reach, by number; each target has one number."""

    def __init__(self) -> None:
        self._targets: list[ServiceTarget] = []
        self._numbers: dict[ServiceTarget, int] = {}

    def add(self, script: str, entrypoint: str) -> int:
        """The number of a service, which is added where it is new."""
        target = ServiceTarget(script, entrypoint)
        number = self._numbers.setdefault(target, len(self._targets))
        if number == len(self._targets):
            self._targets.append(target)
        return number

    def find(self, text: str) -> ServiceTarget:
        """The target that a text means: its number, then `;` and its props, if any."""
        number, separator, props = text.partition(";")
        target = self._targets[int(number)]
        if not separator:
            return target
        return ServiceTarget(target.script, target.entrypoint, props)

    def text_of(self, target: ServiceTarget) -> str:
        """The text for a target, which is added where it is new."""
        number = self.add(target.script, target.entrypoint)
        return f"{number}" if target.props is None else f"{number};{target.props}"
