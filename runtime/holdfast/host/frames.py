"""The op that has the engine tell of promises, for the frames of AsyncLocalStorage."""

from typing import TYPE_CHECKING

from holdfast.host.constants import WORD_IN_FRAME
from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.host.context import Host


@op
def frames_watch(host: "Host") -> None:
    """Have the kernel's `promiseEvent` called from now on; asked for with the first frame."""
    host.isolate.watch_promises(host.kernel, "promiseEvent", WORD_IN_FRAME)
