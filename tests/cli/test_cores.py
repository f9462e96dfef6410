"""How many cores a process may use."""

import os
from pathlib import Path

import pytest

from holdfast.cli.arguments import parse
from holdfast.cli.cores import cores_granted, usable_cores


def granted(folder: Path, group: str, **quotas: str) -> float:
    """With quotas of groups, `_` being the slash between them and at their beginning."""
    for name, quota in quotas.items():
        at = folder / "cgroup" / name.strip("_").replace("_", "/")
        at.mkdir(parents=True, exist_ok=True)
        (at / "cpu.max").write_text(f"{quota}\n")
    own = folder / "own"
    own.write_text(f"1:name=systemd:/other\n0::{group}\n")
    return cores_granted(folder / "cgroup", own)


def test_the_smallest_quota_of_the_groups_around_it_counts(tmp_path: Path) -> None:
    assert granted(tmp_path, "/a/b", _="max 100000", _a="150000 100000", _a_b="max 100000") == 1.5
    assert granted(tmp_path, "/a/b", _a_b="50000 100000") == 0.5
    assert granted(tmp_path, "/", _="300000 100000") == 3


def test_groups_that_say_nothing_are_no_bound(tmp_path: Path) -> None:
    assert granted(tmp_path, "/a", _a="nonsense") == float("inf")
    assert cores_granted(tmp_path, tmp_path / "none") == float("inf")
    (tmp_path / "old").write_text("3:cpu:/\n")
    assert cores_granted(tmp_path, tmp_path / "old") == float("inf")


def test_serve_uses_all_cores_and_the_others_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    monkeypatch.setattr("holdfast.cli.arguments.usable_cores", lambda: 6)
    assert parse(["serve"]).workers == 6
    assert parse(["serve", "--workers", "3"]).workers == 3
    assert parse(["run", "x.mjs"]).workers == parse(["dev", "x.mjs"]).workers == 1
