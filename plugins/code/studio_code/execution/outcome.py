"""Outcome of a test run. Data only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from studio_code.execution.report import Coverage, Outcome, Report
from studio_code.execution.sandbox_run import Ran


@dataclass(frozen=True)
class SuiteOutcome:
    """A run of tests and the report that came back.

    Attributes:
        report: What the programs inside wrote down; see :mod:`studio_code.execution.report`.
    """

    ran: Ran
    report: Report

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Outcome of each test."""
        return self.report.outcomes

    @property
    def counts(self) -> dict[str, int]:
        """How many ``passed``, ``failed`` and ``errors`` there are."""
        found = Counter(each.outcome for each in self.outcomes)
        return {"passed": found["passed"], "failed": found["failed"], "errors": found["error"]}

    @property
    def passed(self) -> bool:
        """Whether tests were run, all of them, and none failed, and the run ended as it should."""
        counts = self.counts
        is_clean = not counts["failed"] and not counts["errors"] and counts["passed"] > 0
        return is_clean and self.report.whole and self.ran.result.succeeded

    @property
    def coverage(self) -> Coverage:
        """All measured files that were reached together; the missing lines are those of the first.

        A file of which no line ran was not imported: it is none of those that are tested.
        """
        found = self.reached
        if len(found) == 1:
            return found[0]
        lines = sum(each.lines for each in found)
        missing = tuple(line for each in found for line in each.missing)
        return Coverage(found[0].path if found else "", lines, missing)

    @property
    def reached(self) -> tuple[Coverage, ...]:
        """The measured files of which a line ran; the only one, whether it did or not."""
        found = self.report.coverage
        return found if len(found) == 1 else tuple(each for each in found if each.covered)

    def failures(self, most: int = 3000) -> str:
        """Return what failed, in words that a model or a person can use."""
        bad = [each for each in self.outcomes if each.outcome in ("failed", "error")]
        told = "\n".join(f"{each.name.rpartition('::')[2]}: {each.message}" for each in bad)
        if not bad or not self.report.whole:
            told = f"{told}\nThe run: {self.ran.ending}.\n{self.ran.output[-most // 2 :]}"
        return told.strip()[:most]

    def rows(self) -> list[dict[str, Any]]:
        """Return the tests as plain data."""
        return [
            {"name": o.name, "outcome": o.outcome, "message": o.message, "line": o.line}
            for o in self.outcomes
        ]
