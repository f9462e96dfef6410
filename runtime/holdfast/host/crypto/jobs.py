"""Ops to wait for work in a thread and to take its answer: see `holdfast.host.jobs`."""

from typing import Any

from holdfast.host.context import Host
from holdfast.host.ops import async_op, op


@async_op
async def crypto_run(host: Host, job: int) -> int:
    """Do a job in a thread; returns its number, which says nothing of its answer."""
    await host.jobs.run(job)
    return job


@op
def crypto_take(host: Host, job: int) -> Any:
    """The answer of a job that has run."""
    return host.jobs.take(job)
