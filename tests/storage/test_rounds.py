import pytest

from holdfast.storage.rounds import Rounds


def test_writes_until_a_start_share_a_round() -> None:
    rounds = Rounds()
    assert [rounds.write(), rounds.write()] == [1, 1]
    assert rounds.start() == 1
    assert rounds.write() == 2


def test_a_round_is_durable_only_once_it_has_finished() -> None:
    rounds = Rounds()
    rounds.write()
    rounds.start()
    assert (rounds.durable, rounds.in_flight, rounds.settled) == (0, True, False)
    assert rounds.finish() == 1
    assert (rounds.durable, rounds.in_flight, rounds.settled) == (1, False, True)


def test_what_is_written_during_a_round_leaves_it_unsettled() -> None:
    rounds = Rounds()
    rounds.write()
    rounds.start()
    rounds.write()
    rounds.finish()
    assert not rounds.settled
    assert rounds.start() == 2


def test_undone_writes_leave_the_round_in_flight_alone() -> None:
    rounds = Rounds()
    rounds.write()
    rounds.start()
    rounds.write()
    rounds.forget_unstarted()
    assert rounds.written == 1
    rounds.finish()
    assert rounds.settled


def test_a_round_with_nothing_in_it_is_refused() -> None:
    with pytest.raises(AssertionError, match="something to make durable"):
        Rounds().start()


def test_two_rounds_at_once_are_refused() -> None:
    rounds = Rounds()
    rounds.write()
    rounds.start()
    rounds.write()
    with pytest.raises(AssertionError, match="one round"):
        rounds.start()


def test_a_round_that_did_not_start_cannot_finish() -> None:
    with pytest.raises(AssertionError, match="started"):
        Rounds().finish()
