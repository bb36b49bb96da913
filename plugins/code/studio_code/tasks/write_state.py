"""All that is known while code is written: the tries, the exam, which try is best and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio_code.evidence.agreement import ENOUGH_VERSIONS, Agreement, agreement, supporters
from studio_code.evidence.disputes import is_easy
from studio_code.evidence.probes import Probe
from studio_code.evidence.references import Reference
from studio_code.execution.mutation import Mutation
from studio_code.execution.runners import Runner
from studio_code.generation import candidate_choice
from studio_code.generation.cases import Case
from studio_code.generation.suite import AcceptanceSuite
from studio_code.languages import Language
from studio_code.schema import Write
from studio_code.tasks.candidate import Candidate


@dataclass
class WriteState:
    """All that is known while code is written.

    Attributes:
        missing: Why nothing is run; empty if it is.
        rules: What the request states beside examples, in its own words.
        errors: Errors that it names.
        probes: Input on which versions are compared; none where they are not.
        reference: What the request asks for, as Python has it; ``expected``: what that gives.
        aside: Names of tests that were set aside.
        written: What the model wrote as tests.
    """

    params: Write
    language: Language
    exam: AcceptanceSuite
    runner: Runner | None
    missing: str
    rules: list[str] = field(default_factory=list)
    errors: frozenset[str] = frozenset()
    probes: list[Probe] = field(default_factory=list)
    reference: Reference | None = None
    expected: tuple[str, ...] = ()
    attempts: list[Candidate] = field(default_factory=list)
    best: Candidate | None = None
    aside: dict[str, int] = field(default_factory=dict)
    mutation: Mutation | None = None
    written: str = ""

    @property
    def is_compared(self) -> bool:
        """Whether versions are run against each other: Python without tests of a person."""
        is_python = self.language.id == "python" and not self.params.tests.strip()
        return is_python and not self.missing

    @property
    def tested(self) -> list[Candidate]:
        """The tries that took the exam."""
        return [attempt for attempt in self.attempts if attempt.tested is not None or attempt.given]

    @property
    def voters(self) -> list[Candidate]:
        """The tries that were written apart; a repair is written to please tests: no vote."""
        return [attempt for attempt in self.tested if attempt.round == 0]

    def add(self, attempt: Candidate) -> None:
        """Keep a try; until tests decide, the first without a problem is the best."""
        self.attempts.append(attempt)
        if self.best is None or (self.best.problem and not attempt.problem):
            self.best = attempt

    def choose(self) -> None:
        """Take the best of the tested; set the tests aside that most candidates fail."""
        voters, cases = self.voters, self.exam.cases
        if voters:
            passed = [attempt.passed_names for attempt in voters]
            given = [attempt.given for attempt in voters]
            alike = [len(others) for others in supporters(given, self.errors)]
            first = voters[candidate_choice.best(passed, cases, alike)]
            peers = [attempt.passed_names for attempt in self.peers(first)]
            self.aside = candidate_choice.suspects(peers, cases, first.passed_names)
            self.best = first
        for repair in (attempt for attempt in self.tested if attempt.round > 0):
            if self.best is None or self._worth(repair) > self._worth(self.best):
                self.best = repair

    def _worth(self, attempt: Candidate) -> tuple[int, int]:
        cases = [case for case in self.exam.cases if case.name not in self.aside]
        trusted = sum(case.trusted and case.name in attempt.passed_names for case in cases)
        return trusted, sum(case.name in attempt.passed_names for case in cases)

    def disputes(self) -> list[Case]:
        """Return the tests that were set aside and still speak against the code."""
        return [c for c in self.exam.cases if c.name in self.aside and is_easy(c)]

    def kept_exam(self) -> AcceptanceSuite:
        """Return the exam without the tests that were set aside."""
        return self.exam.keep([c.name for c in self.exam.cases if c.name not in self.aside])

    def failing(self) -> list[Case]:
        """Return the cases that count and that the best fails."""
        passed = self.best.passed_names if self.best is not None else frozenset()
        return candidate_choice.open_failures(self.exam.cases, passed, self.aside)

    def is_open(self) -> bool:
        """Whether a test fails that a repair can please, or a program without tests does not run.

        Where versions are compared, those are what the request states: a test that a model wrote
        may be wrong, and is no reason to change what many agree on.
        """
        best = self.best
        if best is None or not (best.tested or best.given):
            return best is not None and bool(best.output)
        is_settled = self.is_compared and len(self.voters) > 1
        return any(case.trusted or not is_settled for case in self.failing())

    def is_doubtful(self) -> bool:
        """Whether only tests of the model fail, and only one answer fails them: either is wrong."""
        if self.best is None or len(self.voters) != 1 or not self.params.temperature:
            return False
        return not any(case.trusted for case in self.failing())

    @property
    def stated(self) -> frozenset[str]:
        """Names of the examples that the request states."""
        cases = self.exam.cases
        return frozenset(case.name for case in cases if case.trusted and not case.rule)

    def peers(self, best: Candidate) -> list[Candidate]:
        """Versions written apart that meet each stated example that the best meets.

        One that fails an example is known to be wrong; what it gives elsewhere is no evidence.
        """
        met = self.stated & best.passed_names
        return [attempt for attempt in self.voters if met <= attempt.passed_names]

    def lacks_peers(self) -> bool:
        """Whether stated examples leave too few versions to agree, of several that were written."""
        able = [attempt for attempt in self.voters if self.stated <= attempt.passed_names]
        is_compared = self.is_compared and len(self.voters) >= ENOUGH_VERSIONS
        return is_compared and len(able) < ENOUGH_VERSIONS

    def agreement(self) -> Agreement:
        """Return how the best agrees with its peers."""
        best = self.best
        if best is None or not best.given or not (peers := self.peers(best)):
            return Agreement()
        rows = peers if best in peers else [*peers, best]
        return agreement(
            [row.given for row in rows],
            self.probes,
            [row.wording if row.round == 0 else 0 for row in rows],
            rows.index(best),
            self.errors,
            self.expected,
            self.reference.title if self.reference else "",
        )
