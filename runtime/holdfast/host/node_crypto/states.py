"""Digests and ciphers under way: the state of each is kept by the number its polyfill gave it."""

from typing import Any
from weakref import WeakKeyDictionary

from holdfast.host.context import Host
from holdfast.host.ops import op

_states: WeakKeyDictionary[Host, dict[int, Any]] = WeakKeyDictionary()


def keep(host: Host, number: int, state: Any) -> None:
    """Keep a state until it is dropped or its isolate ends."""
    _states.setdefault(host, {})[number] = state


def state_of(host: Host, number: int) -> Any:
    """The state that is kept by this number."""
    return _states[host][number]


@op
def node_state_drop(host: Host, number: int) -> None:
    """Forget a state; harmless the second time."""
    _states.get(host, {}).pop(number, None)
