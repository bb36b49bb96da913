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
        counter = Counter(outcome.outcome for outcome in self.outcomes)
        return {
            "passed": counter["passed"],
            "failed": counter["failed"],
            "errors": counter["error"],
        }

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
        files = self.reached
        if len(files) == 1:
            return files[0]
        lines = sum(file.lines for file in files)
        missing = tuple(line for file in files for line in file.missing)
        return Coverage(files[0].path if files else "", lines, missing)

    @property
    def reached(self) -> tuple[Coverage, ...]:
        """The measured files of which a line ran; the only one, whether it did or not."""
        files = self.report.coverage
        return files if len(files) == 1 else tuple(file for file in files if file.covered)

    def failures(self, most: int = 3000) -> str:
        """Return what failed, in words that a model or a person can use."""
        bad = [outcome for outcome in self.outcomes if outcome.outcome in ("failed", "error")]
        text = "\n".join(
            f"{outcome.name.rpartition('::')[2]}: {outcome.message}" for outcome in bad
        )
        if not bad or not self.report.whole:
            text = f"{text}\nThe run: {self.ran.ending}.\n{self.ran.output[-most // 2 :]}"
        return text.strip()[:most]

    def rows(self) -> list[dict[str, Any]]:
        """Return the tests as plain data."""
        return [
            {"name": o.name, "outcome": o.outcome, "message": o.message, "line": o.line}
            for o in self.outcomes
        ]
