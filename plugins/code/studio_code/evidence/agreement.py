"""What versions of code that were written apart have in common. Pure.

Versions that give the same for every probe form a group. A fault of one version is seldom the fault
of another that was asked for in other words, so the largest group is evidence, as in AlphaCode
(Li et al., 2022, arXiv:2203.07814) and CodeT (Chen et al., 2022, arXiv:2207.10397).
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
    """

    versions: int = 0
    agreeing: int = 0
    probes: int = 0
    wordings: int = 0
    runner_up: int = 0
    crash: str = ""
    differs: str = ""

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
        )


def groups(given: Sequence[Sequence[str]], named: Collection[str] = ()) -> list[list[int]]:
    """Return the versions that give the same, largest group first, then the earliest.

    Args:
        given: For each version what it gives for each probe.
        named: Errors that the request names; all others count as one.
    """
    members: dict[tuple[str, ...], list[int]] = {}
    for number, values in enumerate(given):
        members.setdefault(tuple(_plain(value, named) for value in values), []).append(number)
    return sorted(members.values(), key=lambda group: (-len(group), group[0]))


def agreement(
    given: Sequence[Sequence[str]],
    probes: Sequence[Probe],
    wordings: Sequence[int],
    chosen: int,
    named: Collection[str] = (),
) -> Agreement:
    """Return how the version ``chosen`` agrees with the others.

    Args:
        wordings: For each version in which words it was asked for; 0 for a repair: it has no vote.
    """
    all_groups = groups(given, named)
    together = next(group for group in all_groups if chosen in group)
    others = [group for group in all_groups if group is not together]
    own = given[chosen]
    values = [value for value in own if not value.startswith(_ERROR)]
    # Where nearly all inputs give the same, nothing is told apart.
    varied = len(values) if len(set(values)) > 1 else 0
    return Agreement(
        versions=sum(map(bool, wordings)),
        agreeing=sum(bool(wordings[item]) for item in together),
        probes=varied,
        wordings=len({wordings[item] for item in together} - {0}),
        runner_up=max((sum(bool(wordings[n]) for n in item) for item in others), default=0),
        crash=_crash(own, probes, named),
        differs=_difference(given, probes, chosen, named),
    )


def _plain(value: str, named: Collection[str]) -> str:
    return value if not value.startswith(_ERROR) or value[1:] in named else _ERROR


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
    """Return the input on which most versions give something else than the chosen one."""
    counts: Counter[int] = Counter()
    for values in given:
        for number, (own, other) in enumerate(zip(given[chosen], values, strict=False)):
            counts[number] += _plain(own, named) != _plain(other, named)
    if not counts or not counts.most_common(1)[0][1]:
        return ""
    number = counts.most_common(1)[0][0]
    shown = dict.fromkeys(_shown(values[number]) for values in given if number < len(values))
    return f"{probes[number].expression} gives {' or '.join(list(shown)[:3])}"


def _shown(value: str) -> str:
    return value[1:] if value.startswith(_ERROR) else value[:60]
