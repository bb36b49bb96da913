"""The task ``music.compare``: which notes of a score are others in another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from studio.api import BadInput, Effect, Event, TaskContext, difference
from studio_music.schema import Compare
from studio_music.score.piece import Note, Piece
from studio_music.tasks import score_artifact

_Placed = tuple[int, Note]
"""Number of the track, and a note of it."""


def compare(ctx: TaskContext, params: Compare) -> Iterator[Event | None]:
    """Compare the scores ``before`` and ``after``, notes by track and place.

    A note with the same pitch at another place, or of another length or loudness, was moved.

    Yields the result: ``words`` and ``effects``, as ``studio.api.comparison`` has them.

    Raises:
        BadInput: There are no two scores.
    """
    from studio_music.score import formats

    for name in ("before", "after"):
        if name not in ctx.inputs:
            raise BadInput("There are no two scores to compare.", "Pass --before and --after.")
    old, new = (formats.read(bytes(ctx.inputs[name])).piece for name in ("before", "after"))
    yield None
    gone, come = _notes(old) - _notes(new), _notes(new) - _notes(old)
    moved = (_pitches(gone) & _pitches(come)).total()
    counts = {"added": come.total() - moved, "removed": gone.total() - moved, "moved": moved}
    then, now = score_artifact.facts_of(old), score_artifact.facts_of(new)
    facts = [name for name in then if name != "notes" and then[name] != now[name]]
    yield ctx.result(
        **difference(
            _words(counts, facts),
            *(Effect(f"notes {done}", count, tolerance=0) for done, count in counts.items()),
            Effect("other facts", len(facts), tolerance=0),
        )
    )


def _notes(piece: Piece) -> Counter[_Placed]:
    return Counter((n, note) for n, track in enumerate(piece.tracks) for note in track.notes)


def _pitches(notes: Counter[_Placed]) -> Counter[tuple[int, int]]:
    return Counter((track, note.pitch) for track, note in notes.elements())


def _words(counts: Mapping[str, int], facts: list[str]) -> str:
    phrases = [
        f"{count:,} {'note was' if count == 1 else 'notes were'} {done}"
        for done, count in counts.items()
        if count
    ]
    if facts:
        phrases.append(f"the score has another {', another '.join(facts)}")
    return " and ".join(phrases) or "every note is the same, but not how the file is written"
