"""Which requests `run_worker_first` gives to the script, whatever assets there are.

https://developers.cloudflare.com/workers/static-assets/routing/worker-script/#run_worker_first
"""

import re
from collections.abc import Iterable, Sequence

MAX_RULES = 100
MAX_RULE_LENGTH = 100


class StaticRouting:
    """The rules: `/api/*` is the script's, `!/api/docs/*` the assets' all the same."""

    def __init__(self, rules: Sequence[str]) -> None:
        """Raises ValueError, in Wrangler's words, for rules that make no sense."""
        _check(rules)
        self._to_assets = _matcher(rule[1:] for rule in rules if rule.startswith("!/"))
        self._to_worker = _matcher(rule for rule in rules if rule.startswith("/"))

    def decide(self, path: str) -> bool | None:
        """Whether a request's path goes to the script; None where the rules do not tell."""
        if self._to_assets is not None and self._to_assets.fullmatch(path):
            return False
        if self._to_worker is not None and self._to_worker.fullmatch(path):
            return True
        return None


def _matcher(rules: Iterable[str]) -> re.Pattern[str] | None:
    patterns = [".*".join(map(re.escape, rule.split("*"))) for rule in rules]
    return re.compile("|".join(patterns)) if patterns else None


def _check(rules: Sequence[str]) -> None:
    if not rules:
        raise ValueError("No `run_worker_first` rules were provided; must provide at least 1 rule.")
    if len(rules) > MAX_RULES:
        raise ValueError(
            f"Too many `run_worker_first` rules were provided; {len(rules)} rules provided exceeds "
            f"max of {MAX_RULES}."
        )
    to_assets = [rule for rule in rules if rule.startswith("!/")]
    to_worker = [rule for rule in rules if rule.startswith("/")]
    if to_assets and not to_worker:
        raise ValueError(
            "Only negative `run_worker_first` rules were provided; must provide at least 1 "
            "non-negative rule"
        )
    wrong = [
        f"'{rule}': negative rules must start with '!/'"
        if rule.startswith("!")
        else f"'{rule}': rules must start with '/' or '!/'"
        for rule in rules
        if not rule.startswith(("!/", "/"))
    ]
    wrong += [*_wrong_among(to_worker), *_wrong_among(to_assets)]
    if wrong:
        raise ValueError("\n".join(["Invalid routes in `run_worker_first`:", *wrong]))


def _wrong_among(rules: Sequence[str]) -> Iterable[str]:
    for number, rule in enumerate(rules):
        if len(rule) > MAX_RULE_LENGTH:
            yield f"'{rule}': all rules must be less than {MAX_RULE_LENGTH} characters in length"
        if rule in rules[:number]:
            yield f"'{rule}': rule is a duplicate; rules must be unique"
        if rule.endswith("*"):
            for other in rules:
                if other != rule and other.startswith(rule[:-1]):
                    yield f"'{other}': rule '{rule}' makes it redundant"
