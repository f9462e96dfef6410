"""What headers say of how long a response is kept, and which bytes of it are wanted."""

from holdfast.host.caching import byte_range, directives, is_not_modified


def test_directives_are_read_however_they_are_spaced() -> None:
    assert directives('max-age=5, private = "Set-Cookie" ;no-store') == {
        "max-age": "5",
        "private": "set-cookie",
        "no-store": "",
    }
    assert directives(f"{' ' * 100_000}=,a{' ' * 100_000}") == {"a": ""}


def test_a_range_of_any_length_is_read_at_once() -> None:
    def wanted(header: str) -> range | None:
        return byte_range({"range": header}, 9)

    assert wanted("bytes = 2 - 4") == range(2, 5)
    assert (wanted("bytes=-4"), wanted("bytes=-9"), wanted("bytes=-")) == (
        range(5, 9),
        None,
        range(0),
    )
    assert wanted(f"bytes={' ' * 100_000}x") == range(0)
    assert wanted(f"bytes=5-{'9' * 10_000}") == range(5, 9)
    assert not wanted(f"bytes={'9' * 10_000}-")


def test_a_condition_whose_date_is_none_of_http_does_not_hold():
    response = {"last-modified": "Tue, 13 Sep 2022 12:00:00 GMT"}

    def holds(told):
        return is_not_modified({"if-modified-since": told}, response)

    assert holds("Tue, 13 Sep 2022 12:00:00 GMT")
    assert holds("Tuesday, 13-Sep-22 13:00:00 GMT")
    assert holds("Tue Sep 13 13:00:00 2022")
    assert not holds("Tue, 13 Sep 2022 11:00:00 GMT")
    assert not holds("13 Sep 2022 13:00:00 GMT")
