"""The rules of `run_worker_first`."""

import pytest

from holdfast.assets.static_routing import StaticRouting


def test_rules_for_the_assets_go_before_those_for_the_script():
    routing = StaticRouting(["/api/*", "/exact", "!/api/docs/*"])
    assert routing.decide("/api/x") is True
    assert routing.decide("/api/docs/x") is False
    assert routing.decide("/exact") is True
    assert routing.decide("/exactly") is None


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([], "must provide at least 1 rule"),
        ([f"/{number}" for number in range(101)], "101 rules provided exceeds max of 100"),
        (["!/a"], "Only negative `run_worker_first` rules were provided"),
        (["a"], "'a': rules must start with '/' or '!/'"),
        (["/a", "!b"], "'!b': negative rules must start with '!/'"),
        ([f"/{'a' * 100}"], "all rules must be less than 100 characters in length"),
        (["/a", "/a"], "'/a': rule is a duplicate; rules must be unique"),
        (["/a/*", "/a/b"], "'/a/b': rule '/a/*' makes it redundant"),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules, told):
    with pytest.raises(ValueError, match="run_worker_first") as refused:
        StaticRouting(rules)
    assert told in str(refused.value)
