import asyncio
import os
import sys
import threading

import pytest

from holdfast.storage.workers import Job, Workers


def workers(max_threads: int = 2) -> Workers:
    return Workers(asyncio.get_running_loop(), "test", max_threads=max_threads)


async def test_the_outcome_is_told_on_the_loop() -> None:
    pool = workers()
    told: list[tuple[BaseException | None, threading.Thread]] = []

    def fail() -> None:
        raise OSError("no")

    pool.submit(lambda: None, lambda error: told.append((error, threading.current_thread())))
    pool.submit(fail, lambda error: told.append((error, threading.current_thread())))
    await pool.aclose()
    assert {str(error) for error, _ in told} == {"None", "no"}
    assert {thread for _, thread in told} == {threading.main_thread()}


async def test_threads_are_made_for_work_and_never_beyond_the_bound() -> None:
    pool = workers(max_threads=3)
    assert pool.threads == 0
    gate = threading.Event()
    for _ in range(10):
        pool.submit(gate.wait, lambda _: None)  # type: ignore[arg-type]
    assert pool.threads == 3
    gate.set()
    await pool.aclose()
    assert pool.threads == 0


@pytest.mark.skipif(sys.platform != "linux", reason="a thread's own policy is Linux's")
async def test_a_thread_does_not_interrupt_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = workers()
    policies: list[int] = []
    pool.submit(lambda: policies.append(os.sched_getscheduler(threading.get_native_id())), ignore)
    await pool.aclose()
    assert policies == [os.SCHED_BATCH]
    assert os.sched_getscheduler(0) == os.SCHED_OTHER

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    pool.submit(lambda: policies.append(0), ignore)
    await pool.aclose()
    assert policies[1:] == [0], "where it may not, it works all the same"


def ignore(error: BaseException | None) -> None:
    assert error is None


async def test_where_no_more_threads_can_be_made_work_waits_for_those_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = workers()
    told: list[str] = []
    pool.submit(lambda: None, lambda error: told.append(f"first {error}"))
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        pool.submit(lambda: None, lambda error: told.append(f"second {error}"))
    await pool.aclose()
    assert told == ["first None", "second None"]


async def test_where_no_thread_at_all_can_be_made_work_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = workers()
    told: list[str] = []
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        pool.submit(lambda: None, lambda error: told.append(str(error)))
        assert told == [], "nobody is told from within the call"
        await pool.idle()
    pool.submit(lambda: None, lambda error: told.append(str(error)))
    await pool.aclose()
    assert told == ["can't start new thread", "None"]


def refuse(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


async def test_many_that_finish_together_wake_the_loop_once() -> None:
    pool = workers(max_threads=1)
    finished = 0

    def count(_: BaseException | None) -> None:
        nonlocal finished
        finished += 1

    last = threading.Event()
    for _ in range(100):
        pool.submit(lambda: None, count)
    pool.submit(last.set, count)
    last.wait()  # blocks the loop, so that nothing is collected meanwhile
    await pool.aclose()
    assert finished == 101
    assert pool.wake_ups <= 2


async def test_a_failing_callback_does_not_keep_the_others_from_being_told() -> None:
    pool = workers()
    reported: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    told: list[object] = []

    def fail(_: BaseException | None) -> None:
        raise ValueError("callback")

    pool.submit(lambda: None, fail)
    pool.submit(lambda: None, told.append)
    await pool.aclose()
    assert told == [None]
    assert [str(error) for error in reported] == ["callback"]


def test_a_cancelled_job_never_runs() -> None:
    ran: list[int] = []
    job = Job(lambda: ran.append(1))
    assert job.cancel()
    job.run()
    assert ran == []


def test_a_job_that_has_started_cannot_be_cancelled_and_can_be_waited_for() -> None:
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        leave.wait()

    job = Job(work)
    thread = threading.Thread(target=job.run)
    thread.start()
    entered.wait()
    assert not job.cancel()
    leave.set()
    job.wait()
    thread.join()


def test_a_job_that_fails_has_ended_too() -> None:
    def work() -> None:
        raise OSError("no")

    job = Job(work)
    with pytest.raises(OSError, match="no"):
        job.run()
    assert not job.cancel()
    job.wait()
