"""Ops on the alarms of the objects that live in this isolate."""

from holdfast.host.context import Host
from holdfast.host.ops import op
from holdfast.host.storage import attempt


@op
def storage_get_alarm(host: Host, slot: int) -> int | None:
    """The alarm that the object's database tells, in milliseconds since the epoch."""
    return attempt(host.stores[slot].get_alarm)


@op
def storage_set_alarm(host: Host, slot: int, time_ms: int | None = None) -> int:
    """Have the object's database tell this alarm, or none; the round of the write."""
    return attempt(host.stores[slot].set_alarm, time_ms)


@op
def alarm_ended(
    host: Host, number: int, outcome: str, stored_ms: int | None, counts: bool, description: str
) -> None:
    """An alarm that the host delivered has run; `outcome` is one of objects/alarms.py."""
    host.objects.alarm_ended(number, outcome, stored_ms, description, counts=counts)
