"""Work for threads, by number."""

import pytest

from holdfast.engine import ScriptError
from holdfast.host.jobs import Jobs

HALF = bytes(50)


def fail():
    raise ScriptError("DataError", "no key")


async def test_an_answer_is_handed_out_once_and_only_when_it_is_there():
    jobs = Jobs()
    job = jobs.add(lambda: b"secret")
    with pytest.raises(ScriptError):
        jobs.take(job)
    await jobs.run(job)
    assert jobs.take(job) == b"secret"
    with pytest.raises(ScriptError):
        jobs.take(job)
    with pytest.raises(ScriptError):
        await jobs.run(job)


async def test_a_job_that_fails_has_no_answer():
    jobs = Jobs()
    job = jobs.add(fail)
    with pytest.raises(ScriptError, match="no key"):
        await jobs.run(job)
    assert len(jobs) == 0


async def test_data_under_way_has_a_limit_that_ends_with_it():
    jobs = Jobs(max_held_bytes=100)
    answered, failed = jobs.add(lambda data: data, HALF), jobs.add(lambda data: fail(), HALF)
    with pytest.raises(ScriptError, match="Too many"):
        jobs.add(len, b"x")
    with pytest.raises(ScriptError, match="no key"):
        await jobs.run(failed)
    await jobs.run(answered)
    refilled = jobs.add(len, HALF)
    with pytest.raises(ScriptError, match="Too many"):
        jobs.add(len, b"x")
    await jobs.run(refilled)
    assert jobs.take(refilled) == len(HALF)
    jobs.take(answered)
    jobs.add(len, HALF, HALF)
    assert jobs.add_or_do(len, b"x") == 1
    assert len(jobs) == 1
