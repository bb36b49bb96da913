"""A proposed text against the present one, as hunks to take or to leave.

Knows no Qt and no file.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import Enum

MAX_LINES = 20_000
"""Longer texts are not compared line by line: they are replaced as a whole."""
_MAX_PAIRS = 20_000_000
"""Of equal lines that the matcher would have to look at; more takes seconds."""
_EXACT_LINES = 1_000
"""Up to here every line may be an anchor; in longer texts lines that are everywhere may not."""

Opcode = tuple[str, int, int, int, int]
"""As of ``difflib.SequenceMatcher.get_opcodes``: tag, i1, i2, j1, j2."""


class Choice(Enum):
    """Decision of the user on a hunk."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    BOTH = "both"


@dataclass(frozen=True)
class Hunk:
    """Lines that would take the place of others.

    Attributes:
        start: The first line of the present text that it replaces, from 0.
        old, new: Whole lines with their ends.
        choice: What the user made of it.
        fits: Whether ``old`` stands at ``start``; false where the text changed under it.
        conflict: Whether somebody else has changed the same lines: ``old`` is what they are now.
    """

    start: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    choice: Choice = Choice.OPEN
    fits: bool = True
    conflict: bool = False

    @property
    def end(self) -> int:
        """The line after the last one that it replaces."""
        return self.start + (len(self.old) if self.fits else 0)


@dataclass(frozen=True)
class Change:
    """A present text and the hunks of a proposal for it; every method returns another change.

    Attributes:
        lines: The present text.
        hunks: In the order of the text.
        whole: Why the text is replaced as a whole; empty where lines were compared.
    """

    lines: tuple[str, ...]
    hunks: tuple[Hunk, ...]
    whole: str = ""

    @property
    def added(self) -> int:
        """Lines that would come."""
        return sum(len(hunk.new) for hunk in self.hunks)

    @property
    def removed(self) -> int:
        """Lines that would go."""
        return sum(len(hunk.old) for hunk in self.hunks if hunk.fits)

    @property
    def taken(self) -> int:
        """How many hunks would change the text."""
        return self.count(Choice.ACCEPTED) + self.count(Choice.BOTH)

    @property
    def conflicts(self) -> int:
        """How many hunks are in conflict and not decided."""
        return sum(hunk.conflict and hunk.choice is Choice.OPEN for hunk in self.hunks)

    def count(self, choice: Choice) -> int:
        """Return how many hunks have that choice."""
        return sum(hunk.choice is choice for hunk in self.hunks)

    def choose(self, index: int, choice: Choice) -> Change:
        """Decide one hunk; one that no longer fits cannot be accepted."""
        hunk = self.hunks[index]
        if choice in (Choice.ACCEPTED, Choice.BOTH) and not hunk.fits:
            return self
        if choice is Choice.BOTH and not hunk.conflict:
            return self
        changed = replace(hunk, choice=choice)
        return replace(self, hunks=(*self.hunks[:index], changed, *self.hunks[index + 1 :]))

    def choose_all(self, choice: Choice) -> Change:
        """Decide every hunk but those in conflict: each of these is a choice of its own."""
        change = self
        for index, hunk in enumerate(self.hunks):
            change = change if hunk.conflict else change.choose(index, choice)
        return change

    def text(self) -> str:
        """Return the present text with the accepted hunks in it."""
        parts: list[str] = []
        at = 0
        for hunk in self.hunks:
            if hunk.choice in (Choice.ACCEPTED, Choice.BOTH) and hunk.fits:
                parts += self.lines[at : hunk.start]
                parts += _ended(hunk.old) if hunk.choice is Choice.BOTH else ()
                parts += hunk.new
                at = hunk.end
        parts += self.lines[at:]
        return "".join(parts)


def compare(old: str, new: str) -> Change:
    """Return how ``old`` becomes ``new``.

    Line ends of ``new`` follow those of ``old``: a model writes ``\\n`` whatever it was given.
    """
    before, after = split(old), split(_with_ends_of(old, new))
    codes = opcodes(before, after)
    if codes is None:
        hunk = Hunk(0, tuple(before), tuple(after))
        return Change(tuple(before), (hunk,) if before != after else (), whole="too long")
    return Change(
        tuple(before),
        tuple(
            Hunk(i1, tuple(before[i1:i2]), tuple(after[j1:j2]))
            for tag, i1, i2, j1, j2 in codes
            if tag != "equal"
        ),
    )


def rebase(change: Change, present: str) -> Change:
    """Return the change for a text that was changed meanwhile.

    A hunk whose lines stand untouched moves with them and keeps its choice; one that somebody
    has made already is gone; any other is in conflict with what stands there now, or is marked as
    not fitting where that cannot be made out.
    """
    now = split(present)
    moves = opcodes(list(change.lines), now)
    hunks: list[Hunk] = []
    for hunk in change.hunks:
        moved = _moved(hunk, moves, now)
        if moved is not None and hunks and moved.fits and moved.start < hunks[-1].end:
            moved = replace(moved, fits=False, conflict=False, choice=Choice.OPEN)
        hunks += [moved] if moved is not None else []
    return Change(tuple(now), tuple(hunks), change.whole)


def split(text: str) -> list[str]:
    """Return lines with their ends. Only a newline ends a line, as in the editor."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def opcodes(before: list[str], after: list[str]) -> list[Opcode] | None:
    """Return how one list of lines becomes the other; None where it would take too long."""
    head = _shared(before, after)
    tail = _shared(before[head:][::-1], after[head:][::-1])
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if max(len(old), len(new)) > MAX_LINES:
        return None
    large = max(len(old), len(new)) > _EXACT_LINES
    if not large and _pairs(old, new) > _MAX_PAIRS:
        return None
    result: list[Opcode] = [("equal", 0, head, 0, head)] if head else []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=large).get_opcodes():
        result.append((tag, i1 + head, i2 + head, j1 + head, j2 + head))
    if tail:
        i, j = len(before) - tail, len(after) - tail
        result.append(("equal", i, len(before), j, len(after)))
    return result


def _moved(hunk: Hunk, moves: list[Opcode] | None, now: list[str]) -> Hunk | None:
    """Return the hunk where its lines stand now, or None if somebody has made it already."""
    near, last_line = 0, hunk.start + len(hunk.old)
    moves = moves or []
    for move in moves:
        tag, i1, i2, j1, j2 = move
        if not i1 <= hunk.start <= i2:
            continue
        near = min(j1 + hunk.start - i1, j2)
        if tag == "equal" and hunk.fits and last_line <= i2 and _inside(hunk, move, moves):
            return replace(hunk, start=near)
        if tag != "equal" and tuple(now[near : near + len(hunk.new)]) == hunk.new != ():
            return None
        if tag == "delete" and not hunk.new and last_line <= i2:
            return None
    choice = hunk.choice if hunk.choice is Choice.REJECTED else Choice.OPEN
    region = _region(hunk, moves) if hunk.fits else None
    if region is None:
        return replace(hunk, start=min(near, len(now)), choice=choice, fits=False, conflict=False)
    start, stop = region
    return replace(hunk, start=start, old=tuple(now[start:stop]), choice=choice, conflict=True)


def _region(hunk: Hunk, moves: list[Opcode]) -> tuple[int, int] | None:
    """Return which lines stand now where the old ones of a hunk stood; None for no such place."""
    first, last = hunk.start, hunk.start + len(hunk.old)
    if first == last:  # between two lines: what somebody else put there
        here = [m for m in moves if m[0] == "insert" and m[1] == first]
        return (here[0][3], here[0][4]) if here else None
    over = [move for move in moves if move[1] < last and move[2] > first]
    if not over:
        return None
    tag, i1, _, j1, _ = over[0]
    start = j1 + first - i1 if tag == "equal" else j1
    tag, i1, _, j1, j2 = over[-1]
    return start, j1 + last - i1 if tag == "equal" else j2


def _ended(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return lines of which the last ends, as others follow."""
    if lines and not lines[-1].endswith("\n"):
        return (*lines[:-1], f"{lines[-1]}\n")
    return lines


def _inside(hunk: Hunk, move: Opcode, moves: list[Opcode]) -> bool:
    """Whether lines, or the gap between two lines for new ones, stand as they did."""
    if hunk.old:
        return True
    whole_before = hunk.start > move[1] or move is moves[0]
    whole_after = hunk.start < move[2] or move is moves[-1]
    return whole_before and whole_after


def _shared(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _pairs(old: list[str], new: list[str]) -> int:
    there = Counter(new)
    return sum(there[line] for line in old)


def _with_ends_of(old: str, new: str) -> str:
    if "\r\n" in old and "\r\n" not in new:
        return new.replace("\n", "\r\n")
    return new
