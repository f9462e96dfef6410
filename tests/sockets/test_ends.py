"""Two ends that are joined after one of them is over, as on the way of a response."""

import pytest

from holdfast.host.sockets_end import Message, SocketEnd, join


class Heard(SocketEnd):
    """An end that notes what it is told."""

    listening = True

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[object, ...]] = []

    def on_message(self, message: Message) -> None:
        self.heard.append(("message", message))

    def on_close(self, code: int, reason: str) -> None:
        self.heard.append(("close", code, reason))

    def on_loss(self) -> None:
        self.heard.append(("loss",))

    def on_failure(self, reason: str) -> None:
        self.heard.append(("failure", reason))

    def on_end(self, code: int, reason: str) -> None:
        self.heard.append(("end", code, reason))


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("action", "values", "told"),
    [
        ("lose", (), ("loss",)),
        ("fail", ("no memory",), ("failure", "no memory")),
        ("end", (1012, "its code was updated"), ("end", 1012, "its code was updated")),
    ],
)
def test_an_end_that_is_over_before_it_is_joined_tells_the_other(
    action: str, values: tuple[object, ...], told: tuple[object, ...], is_first: bool
) -> None:
    over, other = Heard(), Heard()
    over.send("said before")
    getattr(over, action)(*values)
    join(*((over, other) if is_first else (other, over)))
    assert other.heard == [told]
    assert over.heard == [] and over.peer is None and other.peer is None


def test_two_ends_that_are_over_have_nobody_to_tell() -> None:
    one, other = Heard(), Heard()
    one.lose()
    other.end(1001, "")
    join(one, other)
    assert one.heard == other.heard == []
