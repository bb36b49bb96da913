"""Which of several answers to keep, judged by tests of which some may be wrong. Pure.

Tests of a person decide first. Among the rest, answers that pass just the same tests agree with
each other, and many answers that agree on many tests are likely right: the dual agreement of CodeT
(Chen et al., 2022, arXiv:2207.10397), there the number of tests times the root of the number of
answers. A wrong test is passed by few; a wrong answer passes few.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

from studio.api import sentence
from studio_code.generation.cases import Case

SUSPECT_AMONG = 2
"""So many answers must have been tried before a test that most of them fail is set aside."""


Passed = frozenset[str]
"""Names of the cases that an answer passes."""


def best(answers: Sequence[Passed], cases: Sequence[Case], groups: Sequence[int] = ()) -> int:
    """Return the number of the answer to keep; the earliest of those that are as good.

    Args:
        groups: How many answers give the same as each, where they were run against each other.
    """
    trusted = {case.name for case in cases if case.trusted}
    alike = Counter(passed - trusted for passed in answers)

    def rank(number: int) -> tuple[int, int, float, int]:
        written = answers[number] - trusted
        agreed = groups[number] if groups else 0
        shared = len(written) * math.sqrt(alike[written])
        return len(answers[number] & trusted), agreed, shared, -number

    return max(range(len(answers)), key=rank)


def suspects(answers: Sequence[Passed], cases: Sequence[Case], best: Passed) -> dict[str, int]:
    """Return the cases to set aside, with how many answers fail each.

    They are those that the kept answer fails and that more than half of all answers fail; never
    one of a person or of a rule, and none where fewer than ``SUSPECT_AMONG`` answers were tried.
    """
    if len(answers) < SUSPECT_AMONG:
        return {}
    failing = {
        case.name: sum(case.name not in passed for passed in answers)
        for case in cases
        if not case.trusted and not case.rule and case.name not in best
    }
    return {name: count for name, count in failing.items() if count > len(answers) / 2}


def aside_in_words(names: Collection[str], answers: int) -> str:
    """Return the notice about tests that were set aside; empty if there are none."""
    if not names:
        return ""
    one, many = len(names) == 1, answers > 2
    what = "1 test" if one else f"{len(names)} tests"
    whom = f"most of {answers} attempts fail" if many else "both attempts fail"
    return f" ({what} ignored because {whom} {'it' if one else 'them'})"


def doubt(cases: Sequence[Case], aside: Collection[str]) -> str:
    """Return why tests that pass show too little; empty if they show enough.

    Where as many tests are set aside as are kept, and no test of a person is among those, the
    answers and the tests contradict each other: either may be wrong.
    """
    if not aside or len(aside) < len(cases) or any(case.trusted for case in cases):
        return ""
    return sentence(
        "tests ignored: {ignored}, kept: {kept}; either the code or the tests are wrong",
        ignored=len(aside),
        kept=len(cases),
    )


def open_failures(cases: Collection[Case], passed: Passed, aside: Collection[str]) -> list[Case]:
    """Return the cases that the chosen answer fails and that are not set aside."""
    return [case for case in cases if case.name not in passed and case.name not in aside]
