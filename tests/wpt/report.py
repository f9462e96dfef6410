"""The outcomes of a run against what is expected of them, and the table per area."""

import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.wpt.discovery import NotRun, Test
from tests.wpt.expected import Expectations
from tests.wpt.isolate import Outcome

HARNESS = "(the file as a whole)"  # stands for a test whose harness did not end well


@dataclass(slots=True)
class Tally:
    """The figures of one area."""

    files: set[str] = field(default_factory=set)  # variants of one count once
    passed: int = 0
    failed: int = 0  # as expected or not
    inapplicable: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """The share of subtests that pass, of those that could, in percent."""
        counted = self.passed + self.failed
        return 100 * self.passed / counted if counted else 100.0


@dataclass(slots=True)
class Report:
    """Takes outcomes one by one; knows at the end whether the run is as expected."""

    expectations: Expectations
    total: int
    verbose: bool = False
    is_complete: bool = False  # every test there is will be run
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    unexpected: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    cured: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)  # subtests by the reason
    done: int = 0
    _failing: set[tuple[int, str | None]] = field(default_factory=set)  # what expectations met
    _run: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def take(self, test: Test, outcome: Outcome) -> None:
        """Count one outcome and tell of it."""
        self.done += 1
        self._run[test.area].add(test.name.removeprefix(test.area + "/"))
        tally = self.tallies[test.area]
        tally.files.add(test.file)
        tally.seconds += outcome.seconds
        results = {name: (status, message) for name, status, message in outcome.subtests}
        if outcome.status != "OK":
            results[HARNESS] = (outcome.status, outcome.message)
        surprises = [self._weigh(test, tally, name, *result) for name, result in results.items()]
        self._look_for_cured_harness(test, outcome)
        lines = [line for line in surprises if line]
        if self.verbose:
            lines += [f"    {line}" for line in outcome.log]
        self._show(test, lines)

    def _weigh(self, test: Test, tally: Tally, name: str, status: str, message: str) -> str | None:
        """Count a subtest; a line to show where it is a surprise."""
        local = test.name.removeprefix(test.area + "/")
        meant = self.expectations.area(test.area).meant(local, name)
        entry = meant[0][0] if meant else None
        if status == "PASS":
            tally.passed += 1
            if entry is None or entry.subtests is None or "*" in entry.file:
                return None
            if name not in entry.subtests:
                return None
            self.cured.setdefault(test.area, {}).setdefault(local, []).append(name)
            return f"  unexpected PASS: {name}"
        self._failing.update((id(entry), pattern) for entry, pattern in meant)
        if entry is not None and entry.kind == "inapplicable":
            tally.inapplicable += 1
            self.left_out[entry.reason] += 1
            return None
        tally.failed += 1
        if entry is not None:
            return f"  expected {status}: {name}\n    {message}" if self.verbose else None
        self.unexpected.setdefault(test.area, {}).setdefault(local, {})[name] = message
        return f"  {status}: {name}\n    {message}"

    def _look_for_cured_harness(self, test: Test, outcome: Outcome) -> None:
        local = test.name.removeprefix(test.area + "/")
        for entry in self.expectations.area(test.area).entries:
            if outcome.status == "OK" and entry.file == local and HARNESS in (entry.subtests or ()):
                self.cured.setdefault(test.area, {}).setdefault(local, []).append(HARNESS)

    def _show(self, test: Test, lines: list[str]) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{self.done}/{self.total} {test.name[:100]}")
            if lines:
                sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        elif self.done % 50 == 0 or self.done == self.total:
            sys.stderr.write(f"{self.done}/{self.total} tests run\n")
        if lines:
            sys.stdout.write("\n".join([test.name, *lines]) + "\n")
            sys.stdout.flush()

    def table(self, not_run: list[NotRun]) -> str:
        """The summary: a line for each area, and one for all."""
        skipped: dict[str, int] = defaultdict(int)
        for item in not_run:
            skipped[item.area] += 1
        rows = [(area, tally, skipped.pop(area, 0)) for area, tally in sorted(self.tallies.items())]
        rows += [(area, Tally(), count) for area, count in sorted(skipped.items())]
        whole = Tally()
        for _, tally, _ in rows:
            whole.files |= tally.files
            for name in ("passed", "failed", "inapplicable", "seconds"):
                setattr(whole, name, getattr(whole, name) + getattr(tally, name))
        rows.append(("all", whole, sum(count for _, _, count in rows)))
        head = f"{'area':32}{'files':>7}{'passed':>9}{'failed':>8}{'n/a':>7}{'rate':>9}"
        head += f"{'s':>8}{'not run':>9}"
        lines = [head, "-" * len(head)]
        for area, t, count in rows:
            rate = f"{t.rate:.2f} %" if t.passed + t.failed else ""
            lines.append(
                f"{area:32}{len(t.files):7}{t.passed:9}{t.failed:8}{t.inapplicable:7}"
                f"{rate:>9}{t.seconds:8.1f}{count:9}"
            )
        return "\n".join(lines)

    def reasons(self, not_run: list[NotRun]) -> str:
        """Why files were not run and subtests do not count, and how many of each."""
        lines = ["Not run (--list names each file):"]
        files = Counter(item.reason for item in not_run)
        lines += [f"{count:7}  {reason}" for reason, count in files.most_common()]
        lines += ["", "Subtests that do not count (tests/wpt/expectations names each):"]
        lines += [f"{count:7}  {reason}" for reason, count in self.left_out.most_common()]
        return "\n".join(lines)

    @property
    def stale(self) -> list[str]:
        """Expectations that nothing met which fails; those with a `*` of a complete run only."""
        return [
            f"{area}: {entry.file}: {'everything' if pattern is None else pattern}"
            for area, names in self._run.items()
            for entry in self.expectations.area(area).entries
            if entry.kind != "not-run"
            and (self.is_complete or "*" not in entry.file)
            and any(entry.is_for(name) for name in names)
            for pattern in entry.patterns
            if (pattern is None or "*" in pattern) and (id(entry), pattern) not in self._failing
        ]

    @property
    def is_as_expected(self) -> bool:
        """Whether nothing failed that should pass, and nothing passed that should fail."""
        return not (self.unexpected or self.cured or self.stale or self.expectations.untold)
