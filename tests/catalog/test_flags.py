"""Compatibility flags: which there are, and which hold."""

import pytest

from holdfast.catalog.flags import flags_that_hold, known_flags, mistake_in


@pytest.mark.parametrize(
    ("date", "flags", "name", "holds"),
    [
        ("2026-02-24", (), "delete_all_deletes_alarm", True),
        ("2026-02-23", (), "delete_all_deletes_alarm", False),
        ("2026-02-23", ("delete_all_deletes_alarm",), "delete_all_deletes_alarm", True),
        (None, ("delete_all_preserves_alarm",), "delete_all_deletes_alarm", False),
        (None, (), "nodejs_als", False),
        ("2024-01-01", ("nodejs_compat",), "nodejs_compat_v2", False),
        ("2024-09-23", ("nodejs_compat",), "nodejs_compat_v2", True),
        ("2024-09-23", ("nodejs_compat", "no_nodejs_compat_v2"), "nodejs_compat_v2", False),
        ("2024-09-23", ("nodejs_compat_v2",), "nodejs_zlib", True),
        ("2020-01-01", (), "r2_public_beta_bindings", True),
    ],
)
def test_a_flag_holds_by_date_by_name_and_by_others(
    date: str | None, flags: tuple[str, ...], name: str, holds: bool
) -> None:
    assert (name in flags_that_hold(date, flags)) is holds


@pytest.mark.parametrize(
    ("flags", "mistake"),
    [
        (["nodejs_compat"], None),
        (["no_nodejs_compat"], None),
        (["experimental"], None),
        (
            ["nodejs_compact"],
            'No such compatibility flag: nodejs_compact (did you mean "nodejs_compat"?)',
        ),
        (["x"], "No such compatibility flag: x"),
        (["rpc", "rpc"], "Compatibility flag specified multiple times: rpc"),
        (["no_rpc", "rpc"], "Compatibility flags are mutually contradictory: rpc vs no_rpc"),
    ],
)
def test_what_is_wrong_with_flags_is_told(flags: list[str], mistake: str | None) -> None:
    assert mistake_in(flags) == mistake


def test_no_name_stands_for_two_flags() -> None:
    names = [name for flag in known_flags() for name in (flag.name, flag.opposite) if name]
    assert len(names) == len(set(names)) > 300
