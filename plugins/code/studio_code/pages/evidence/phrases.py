"""Wording of evidence: chip, sandbox, tests."""

from __future__ import annotations

from collections.abc import Sequence

from studio.api import translated
from studio.api.window.language import tr
from studio_code.pages.evidence.evidence import Evidence, Requirement
from studio_code.pages.phrases import count_words

LEVEL_ICONS = {
    "good": "circle-check",
    "accent": "circle-dot",
    "warn": "triangle-alert",
    "bad": "circle-x",
}
OUTCOME_ICONS = {
    "passed": ("circle-check", "good"),
    "failed": ("circle-x", "bad"),
    "error": ("triangle-alert", "bad"),
    "skipped": ("minus", "mute"),
}


def chip_words(evidence: Evidence) -> str:
    """Return "Examples pass, versions agree · 7/7 tests · 92% coverage · 5/6 mutants"."""
    short = state_words(evidence)
    if evidence.state == "verified" and evidence.versions:
        short = "" if evidence.reference else tr("Examples pass, versions agree")
    short = short or (tr("ran") if evidence.ran else tr("not run"))
    return " · ".join(filter(None, (short, figure_words(evidence))))


def figure_words(evidence: Evidence) -> str:
    """Return "7/7 tests · 92% coverage · 5/6 mutants"."""
    parts = []
    total = evidence.tests_total
    if total > evidence.tests_passed:
        words = tr("{failed} of {total} tests failed")
        parts.append(words.format(failed=total - evidence.tests_passed, total=total))
    elif evidence.tests_total:
        words = tr("{passed}/{total} tests")
        parts.append(words.format(passed=evidence.tests_passed, total=evidence.tests_total))
    elif evidence.ran:
        parts.append(tr("no tests"))
    if evidence.lines:
        parts.append(tr("{percent}% coverage").format(percent=evidence.percent))
    if evidence.made:
        words = tr("{killed}/{made} mutants")
        parts.append(words.format(killed=evidence.killed, made=evidence.made))
    return " · ".join(parts)


def level_words(evidence: Evidence) -> str:
    """Return the meaning of the chip's colour in words."""
    if words := state_words(evidence):
        return words
    if evidence.level == "warn" and evidence.passed:
        return tr("Checked, not run")
    return {
        "good": tr("Passed"),
        "accent": tr("Passes its own tests"),
        "warn": tr("Not verified"),
        "bad": tr("Failed"),
    }[evidence.level]


def state_words(evidence: Evidence) -> str:
    """Return the state of code in words; empty if the evidence has none."""
    if evidence.state == "verified" and evidence.reference:
        words = tr("Independent versions and Python's {name} agree")
        return words.format(name=evidence.reference)
    if evidence.state == "verified" and not evidence.versions:
        return tr("Passes your tests")
    return {
        "verified": tr("Passes your examples, and independent versions agree"),
        "own tests": tr("Passes its own tests"),
        "doubtful": tr("Doubtful"),
        "failed": tr("Failed"),
        "cannot be tested": tr("Cannot be tested"),
        "ran": tr("Ran without errors"),
    }.get(evidence.state, "")


def reason_words(evidence: Evidence) -> str:
    """Return the comparison made, and the reason for not reaching a better state."""
    parts = []
    if evidence.versions:
        words = tr("{agreeing} of {versions} independent versions agree on {inputs} inputs.")
        parts.append(
            words.format(
                agreeing=evidence.agreeing, versions=evidence.versions, inputs=evidence.inputs
            )
        )
    if evidence.reason:
        parts.append(tr("Reason: {why}.").format(why=translated(evidence.reason, tr)))
    return " ".join(parts)


def requirement_words(requirement: Requirement) -> str:
    """Return the outcome of the test of a requirement."""
    if not requirement.test:
        return tr("no test")
    return tr("passes") if requirement.passed else tr("fails")


def tier_words(tier: str) -> str:
    """Return what stood around a run."""
    return {
        "A": tr(
            "Full sandbox: no network, its own folder with copies of your files, a system-call "
            "filter, and limits on time, memory, processes and output."
        ),
        "B": tr(
            "Limited sandbox: the same system-call filter, file rules and limits, but "
            "without namespaces, which this machine does not offer."
        ),
    }.get(tier, tr("Nothing was run, so no sandbox was used."))


def coverage_words(evidence: Evidence) -> str:
    """Return which lines no test reached."""
    if not evidence.lines:
        return tr("Coverage was not measured.")
    if not evidence.missing:
        return tr("The tests cover all {lines} lines.").format(lines=evidence.lines)
    words = tr("The tests cover {covered} of {lines} lines.")
    if evidence.code:
        words = tr("The tests cover {covered} of {lines} lines; the others are marked.")
    return words.format(covered=evidence.covered, lines=evidence.lines)


def mutant_words(evidence: Evidence) -> str:
    """Return how sharp the tests are."""
    if not evidence.made:
        return ""
    words = tr("The tests caught {killed} of {made} mutants.")
    return words.format(made=evidence.made, killed=evidence.killed)


def outcome_words(outcome: str) -> str:
    """Return the outcome of a test in words."""
    return {
        "passed": tr("passed"),
        "failed": tr("failed"),
        "error": tr("error"),
        "skipped": tr("skipped"),
    }.get(outcome, outcome)


def try_words(number: int, passed: bool) -> str:
    """Return the title of a try."""
    words = tr("Attempt {number}: passed") if passed else tr("Attempt {number}: failed")
    return words.format(number=number)


def tests_words(evidence: Evidence) -> str:
    """Return "5 of 7 tests passed"."""
    if not evidence.tests_total:
        return tr("No tests were found.")
    if evidence.tests_passed == evidence.tests_total:
        count = evidence.tests_total
        return count_words(count, tr("The test passed."), tr("All {count} tests passed."))
    words = tr("{passed} of {total} tests passed.")
    return words.format(passed=evidence.tests_passed, total=evidence.tests_total)


def ranges_words(lines: Sequence[int]) -> str:
    """Return "4, 7–9": lines that follow each other are one range."""
    ranges: list[list[int]] = []
    for line in lines:
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in ranges)
