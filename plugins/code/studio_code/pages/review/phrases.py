"""Wording of a change and its hunks. Draws nothing."""

from __future__ import annotations

from studio.api.window.language import tr
from studio_code.pages.phrases import count_words
from studio_code.pages.review.hunks import Change, Choice, Hunk


def lines_words(hunk: Hunk) -> str:
    """Return where a hunk is: "Lines 12–18", "After line 4"."""
    if not hunk.fits:
        return tr("No longer applies: these lines were changed")
    if hunk.conflict:
        where = _place_words(hunk)
        return tr("Conflict, changed on both sides: {where}").format(where=where)
    return _place_words(hunk)


def _place_words(hunk: Hunk) -> str:
    if not hunk.old:
        if hunk.start == 0:
            return tr("At the start")
        return tr("After line {line}").format(line=hunk.start)
    if len(hunk.old) == 1:
        return tr("Line {line}").format(line=hunk.start + 1)
    return tr("Lines {first}–{last}").format(first=hunk.start + 1, last=hunk.end)


def choice_words(hunk: Hunk) -> str:
    """Return the decision on a hunk in words."""
    return {
        Choice.OPEN: tr("undecided"),
        Choice.ACCEPTED: tr("accepted"),
        Choice.REJECTED: tr("rejected"),
        Choice.BOTH: tr("both kept"),
    }[hunk.choice]


def hunk_words(change: Change, index: int) -> str:
    """Return a hunk in a sentence, for those who hear it."""
    if not 0 <= index < len(change.hunks):
        return tr("No changes")
    hunk = change.hunks[index]
    counts = tr("{added} added, {removed} removed").format(
        added=len(hunk.new), removed=len(hunk.old)
    )
    place = tr("Change {number} of {count}").format(number=index + 1, count=len(change.hunks))
    return f"{place}. {lines_words(hunk)}. {counts}. {choice_words(hunk)}."


def summary_words(change: Change) -> str:
    """Return "3 changes"."""
    return count_words(len(change.hunks), tr("1 change"), tr("{count} changes"))


def write_words(change: Change) -> str:
    """Return the label of the button: "Write 2 of 3 changes"."""
    taken, total = change.taken, len(change.hunks)
    if taken == total:
        return count_words(total, tr("Apply change"), tr("Apply all {count} changes"))
    return tr("Apply {taken} of {total} changes").format(taken=taken, total=total)


def rebased_words(before: Change, after: Change) -> str:
    """Return what became of a change when the file changed meanwhile."""
    lost = sum(not hunk.fits for hunk in after.hunks)
    dropped = len(before.hunks) - len(after.hunks)
    words = [tr("The file changed on disk. The changes below now apply to the new version.")]
    if lost:
        words.append(
            count_words(lost, tr("1 change no longer applies."), tr("{count} no longer apply."))
        )
    if after.conflicts:
        words.append(conflict_words(after))
    if dropped:
        words.append(
            count_words(dropped, tr("1 is already in the file."), tr("{count} are already in it."))
        )
    return " ".join(words)


def conflict_words(change: Change) -> str:
    """Return how many hunks wait for a choice between both sides."""
    one = tr("1 conflict: choose the present lines, the proposed ones, or both.")
    many = tr("{count} conflicts: choose the present lines, the proposed ones, or both.")
    return count_words(change.conflicts, one, many)
