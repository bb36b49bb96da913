"""One attempt at writing code, with its outcome. All are stored with the result."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.python_runner import TOO_MUCH, parsed
from studio_code.execution.sandbox_run import Ran
from studio_code.generation.candidate_choice import Passed


@dataclass
class Candidate:
    """One try.

    Attributes:
        candidate, round: Which answer it is, from 1, and how often it was repaired.
        problem: Why it could not be tested: no code, a fault in its syntax, no run.
        passed_names: The cases it passed.
        tests: The file of tests that it was run with.
        program: What came of running it as a program, where there are no tests.
        wording: In which words it was asked for, from 1.
        given: What it gives for each input on which versions are compared.
    """

    candidate: int
    round: int
    code: str
    problem: str = ""
    tests: str = ""
    tested: SuiteOutcome | None = None
    passed_names: Passed = frozenset()
    output: str = ""
    program: Ran | None = None
    wording: int = 1
    given: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it passed everything it was tested with."""
        return self.tested is not None and self.tested.passed

    @property
    def summary(self) -> str:
        """How it did, in a few words."""
        if self.problem:
            return self.problem
        if self.tested is None:
            return "not tested"
        counts = self.tested.counts
        text = f"{counts['passed']}/{sum(counts.values())} tests"
        return text if self.tested.report.whole else f"{text}; {self.tested.ran.ending}"

    def shape(self) -> str:
        """Return the same for code that differs in comments and spaces only."""
        tree = parsed(self.code)
        try:
            return ast.dump(tree) if tree else self.code
        except TOO_MUCH:
            return self.code

    def plain(self) -> dict[str, Any]:
        """Return the stored fields as plain data."""
        return {
            "candidate": self.candidate,
            "round": self.round,
            "wording": self.wording,
            "code": self.code,
            "tests": self.tests,
            "passed": self.passed,
            "summary": self.summary,
            "output": self.output[-4000:],
        }
