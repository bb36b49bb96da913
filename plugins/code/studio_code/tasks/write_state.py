"""All that is known while code is written: the tries, the exam, which try is best and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio_code.execution.mutation import Mutation
from studio_code.execution.runners import Runner
from studio_code.generation import candidate_choice
from studio_code.generation.suite import AcceptanceSuite
from studio_code.languages import Language
from studio_code.schema import Write
from studio_code.tasks.candidate import Candidate


@dataclass
class WriteState:
    """All that is known while code is written.

    Attributes:
        missing: Why nothing is run; empty if it is.
        aside: Names of tests that were set aside.
    """

    params: Write
    language: Language
    exam: AcceptanceSuite
    runner: Runner | None
    missing: str
    attempts: list[Candidate] = field(default_factory=list)
    best: Candidate | None = None
    aside: dict[str, int] = field(default_factory=dict)
    mutation: Mutation | None = None

    @property
    def tested(self) -> list[Candidate]:
        """The tries that took the exam."""
        return [each for each in self.attempts if each.tested is not None]

    def add(self, attempt: Candidate) -> None:
        """Keep a try; until tests decide, the first without a problem is the best."""
        self.attempts.append(attempt)
        if self.best is None or (self.best.problem and not attempt.problem):
            self.best = attempt

    def choose(self) -> None:
        """Take the best of the tested; set the tests aside that most candidates fail.

        Repairs do not vote: a repair is written to please the tests, right or wrong.
        """
        voters = [each for each in self.tested if each.round == 0]
        cases = self.exam.cases
        if voters:
            first = voters[candidate_choice.best([each.passed_names for each in voters], cases)]
            self.aside = candidate_choice.suspects(
                [each.passed_names for each in voters], cases, first.passed_names
            )
            self.best = first
        for repair in (each for each in self.tested if each.round > 0):
            if self.best is None or self._worth(repair) > self._worth(self.best):
                self.best = repair

    def _worth(self, attempt: Candidate) -> tuple[int, int]:
        cases = [case for case in self.exam.cases if case.name not in self.aside]
        trusted = sum(case.trusted and case.name in attempt.passed_names for case in cases)
        return trusted, sum(case.name in attempt.passed_names for case in cases)

    def is_open(self) -> bool:
        """Whether a test fails that counts, or a program without tests does not run."""
        best = self.best
        if best is None or best.tested is None:
            return best is not None and bool(best.output)
        return bool(candidate_choice.open_failures(self.exam.cases, best.passed_names, self.aside))

    def is_doubtful(self) -> bool:
        """Whether only tests of the model fail, and only one answer fails them: either is wrong."""
        best = self.best
        voters = [each for each in self.tested if each.round == 0]
        if best is None or len(voters) != 1 or not self.params.temperature:
            return False
        failing = candidate_choice.open_failures(self.exam.cases, best.passed_names, self.aside)
        return not any(case.trusted for case in failing)
