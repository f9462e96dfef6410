"""Object ids: workerd's scheme, bit by bit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.objects.ids import IdFactory, InvalidId


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("http://foo/", "59002eb8cf872e541722977a258a12d6a93bbe8192b502e1c0cb250aa91af234"),
        ("http://foo/bar", "02b496f65dd35cbac90e3e72dc5a398ee93926ea4a3821e26677082d2e6f9b79"),
        ("foo", "2f15a1f797ff8950c1402f1b9d84e6175bf2d47280acc1fe330a0aaf708a99ea"),
    ],
)
def test_names_give_the_ids_that_workerd_gives_them(name: str, expected: str) -> None:
    assert IdFactory("mykey").from_name(name) == expected


@given(st.text(), st.text())
def test_two_names_share_an_id_only_if_they_are_equal(one: str, other: str) -> None:
    ids = IdFactory("key")
    assert (ids.from_name(one) == ids.from_name(other)) == (one == other)


def test_lone_surrogates_are_names_of_their_own() -> None:
    ids = IdFactory("key")
    assert len({ids.from_name(name) for name in ("\ud800", "\ud801", "\ufffd", "?")}) == 4


@given(st.text())
def test_the_same_name_has_another_id_in_another_namespace(name: str) -> None:
    assert IdFactory("one").from_name(name) != IdFactory("two").from_name(name)


def test_unique_ids_differ_and_are_valid() -> None:
    ids = IdFactory("key")
    made = {ids.unique() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(ids.check(made_id) == made_id for made_id in made)


def test_an_id_is_taken_back_in_either_case() -> None:
    ids = IdFactory("key")
    assert ids.check(ids.from_name("x").upper()) == ids.from_name("x")


@pytest.mark.parametrize(
    "text", ["", "abc", "g" * 64, "0" * 63, "0" * 65, "０" * 64, " " + "0" * 63]
)
def test_what_is_not_64_hex_digits_is_refused(text: str) -> None:
    with pytest.raises(InvalidId, match="must be 64 hex digits"):
        IdFactory("key").check(text)


def test_another_namespaces_id_and_a_made_up_one_are_refused() -> None:
    other = IdFactory("other").from_name("x")
    for text in (other, "0" * 64, "ab" * 32):
        with pytest.raises(InvalidId, match="not valid for this namespace"):
            IdFactory("key").check(text)
