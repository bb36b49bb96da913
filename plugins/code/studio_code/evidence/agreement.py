"""What versions of code that were written apart have in common. Pure.

A fault of one version is seldom the fault of another that was asked for in other words, so the
version that most others bear out is evidence, as in AlphaCode (Li et al., 2022, arXiv:2203.07814)
and CodeT (Chen et al., 2022, arXiv:2207.10397). A version that refuses or fails where the request
names no error says nothing about the value that another gives there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from studio.api import sentence
from studio_code.evidence.probes import Probe

ENOUGH_VERSIONS: Final = 3
"""So many must agree, one of each wording among them."""
ENOUGH_SHARE: Final = 0.5
"""So large a part of all versions that run must agree."""
CLEARLY: Final = 2
"""The group must be so many times as large as the next one."""
ENOUGH_PROBES: Final = 12
"""So many probes must give a value: where nothing is tried, all agree."""
_ERROR: Final = "!"
_UNMEANT: Final = frozenset({
    "!IndexError", "!TypeError", "!AttributeError", "!NameError", "!UnboundLocalError",
    "!ZeroDivisionError", "!RecursionError", "!KeyError", "!timeout", "!MemoryError",
})  # fmt: skip


@dataclass(frozen=True)
class Agreement:
    """How versions agree.

    Attributes:
        versions: How many were compared; ``agreeing``: how many do as the chosen one does.
        probes: How many of the probes give a value in the chosen one.
        wordings: In how many of the wordings those were asked for that agree.
        runner_up: How many agree with each other on something else, at most.
        crash: Which plain input the chosen version ends on, and by what error; empty for none.
        differs: An input on which versions differ, with what they give; empty for none.
        reference: What of Python's own gives the same wherever it gives a value; empty for none.
        wrong: An input on which it gives something else; empty for none.
    """

    versions: int = 0
    agreeing: int = 0
    probes: int = 0
    wordings: int = 0
    runner_up: int = 0
    crash: str = ""
    differs: str = ""
    reference: str = ""
    wrong: str = ""

    @property
    def holds(self) -> bool:
        """Whether enough versions, asked for in enough ways, agree on enough."""
        return (
            self.agreeing >= ENOUGH_VERSIONS
            and self.agreeing >= ENOUGH_SHARE * self.versions
            and self.agreeing >= CLEARLY * self.runner_up
            and self.wordings > 1
            and self.probes >= ENOUGH_PROBES
            and not self.crash
            and not self.wrong
        )


def supporters(given: Sequence[Sequence[str]], named: Collection[str] = ()) -> list[list[int]]:
    """Return for each version those that bear it out, itself among them.

    Args:
        given: For each version what it gives for each probe.
        named: Errors that the request names; all others count as one.
    """
    return [[n for n, other in enumerate(given) if supports(own, other, named)] for own in given]


def supports(own: Sequence[str], other: Sequence[str], named: Collection[str]) -> bool:
    """Return whether ``other`` contradicts ``own`` nowhere, and gives most of the same values."""
    pairs = list(zip(own, other, strict=False))
    if any(_contradicts(mine, theirs, named) for mine, theirs in pairs):
        return False
    return 2 * sum(mine == theirs for mine, theirs in pairs) >= len(own)


def _contradicts(own: str, other: str, named: Collection[str]) -> bool:
    """Return whether ``other`` speaks against ``own``: another value, or an error that is named."""
    own, other = _plain(own, named), _plain(other, named)
    return own != other and other != _ERROR


def agreement(
    given: Sequence[Sequence[str]],
    probes: Sequence[Probe],
    wordings: Sequence[int],
    chosen: int,
    named: Collection[str] = (),
    expected: Sequence[str] = (),
    title: str = "",
) -> Agreement:
    """Return how the version ``chosen`` agrees with the others, and with a reference.

    Args:
        expected: What the reference ``title`` gives for each probe.
        wordings: For each version in which words it was asked for; 0 for a repair: it has no vote.
    """
    all_supporters = supporters(given, named)
    together = set(all_supporters[chosen])
    others = [number for number in range(len(given)) if number not in together and wordings[number]]
    own = given[chosen]
    values = [value for value in own if not value.startswith(_ERROR)]
    # Where nearly all inputs give the same, nothing is told apart.
    varied = len(values) if len(set(values)) > 1 else 0
    wrong = _wrong(own, expected, probes, named, title)
    borne_out = [theirs for mine, theirs in zip(own, expected, strict=False) if mine == theirs]
    is_enough = len(borne_out) >= ENOUGH_PROBES and len(set(borne_out)) > 1
    return Agreement(
        versions=sum(map(bool, wordings)),
        agreeing=sum(bool(wordings[item]) for item in together),
        probes=varied,
        wordings=len({wordings[item] for item in together} - {0}),
        runner_up=max((len(set(all_supporters[n]) & set(others)) for n in others), default=0),
        crash=_crash(own, probes, named),
        differs=_difference(given, probes, chosen, named),
        reference=title if is_enough and not wrong else "",
        wrong=wrong,
    )


def _plain(value: str, named: Collection[str]) -> str:
    return value if not value.startswith(_ERROR) or value[1:] in named else _ERROR


def _wrong(
    own: Sequence[str],
    expected: Sequence[str],
    probes: Sequence[Probe],
    named: Collection[str],
    title: str,
) -> str:
    """Return the first input on which a reference gives a value, and a version another or none."""
    for mine, theirs, probe in zip(own, expected, probes, strict=False):
        is_refusal = (mine.startswith(_ERROR) and mine not in _UNMEANT) or mine[1:] in named
        if not theirs.startswith(_ERROR) and mine != theirs and not is_refusal:
            return sentence(
                "{call} gives {own}, {title} gives {value}",
                call=probe.expression, own=_shown(mine), title=title, value=_shown(theirs),
            )  # fmt: skip
    return ""


def _crash(own: Sequence[str], probes: Sequence[Probe], named: Collection[str]) -> str:
    """Return the empty input on which a version breaks by an error that nobody can have meant."""
    for value, probe in zip(own, probes, strict=False):
        is_empty = probe.expression.partition("(")[2][:3] in ("'')", "[])", "{})", "'',", "[],")
        if is_empty and value in _UNMEANT and value[1:] not in named:
            return sentence("{call} ends in {error}", call=probe.expression, error=value[1:])
    return ""


def _difference(
    given: Sequence[Sequence[str]], probes: Sequence[Probe], chosen: int, named: Collection[str]
) -> str:
    """Return the input on which most versions contradict the chosen one."""
    counts: Counter[int] = Counter()
    for values in given:
        for number, (own, other) in enumerate(zip(given[chosen], values, strict=False)):
            counts[number] += _contradicts(own, other, named)
    if not counts or not counts.most_common(1)[0][1]:
        return ""
    number = counts.most_common(1)[0][0]
    shown = dict.fromkeys(_shown(values[number]) for values in given if number < len(values))
    return f"{probes[number].expression} gives {' or '.join(list(shown)[:3])}"


def _shown(value: str) -> str:
    return value[1:] if value.startswith(_ERROR) else value[:60]
