"""The task ``music.transcribe``: a recording, written down as a score."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import BadInput, Event, Rung, TaskContext
from studio_music.audio.transcription.schema import LONGEST, Transcribe
from studio_music.compose.piece_checks import check_piece
from studio_music.score.piece import Piece
from studio_music.tasks import score_artifact

if TYPE_CHECKING:
    from studio_music.audio.transcription.activations import Activations, Floats
    from studio_music.audio.transcription.note_events import NoteEvent

_AT_ONCE = 8
_UNSURE = 0.45
"""Mean strength of the notes below which they may be none: those of white noise have 0.36."""
_POLYPHONIC = 0.25
"""Share of the sounding time with more than one note from which on a recording is no melody: an
echo overlaps, too."""


def transcribe(ctx: TaskContext, params: Transcribe) -> Iterator[Event]:
    """Transcribe singing or playing.

    Yields progress, a ``score`` artifact (MIDI), and the result: the facts of the piece, ``passed``
    and ``checks``, ``remarks``, ``melody`` (whether one note at a time was written) and ``notes``:
    as they sounded, each with ``start`` and ``end`` in seconds, ``pitch`` and ``strength``, 0…1.

    Raises:
        BadInput: It is no sound, is too long, or has no notes.
        StudioError: The weights cannot be used or do not fit into memory.
    """
    yield ctx.progress(0, 1, "Reading the recording")
    sound = yield from ctx.in_thread(partial(_read, params.sound))
    activations = yield from _heard(ctx, params, sound)
    yield ctx.progress(0.96, 1, "Writing the notes")
    piece, events, line = yield from ctx.in_thread(partial(_written, params, activations))
    remarks = _remarks(events)
    verdict = check_piece(piece)
    recipe = score_artifact.recipe(ctx, "music.transcribe", params)
    yield score_artifact.artifact(ctx, piece, verdict, {**recipe, "remarks": list(remarks)})
    facts = score_artifact.told(piece, verdict, remarks)
    yield ctx.result(**{**facts, "melody": line, "notes": [_told(event) for event in events]})


def _read(file: str) -> Floats:
    from studio_music.audio import audio_files
    from studio_music.audio.transcription.activations import prepared

    path = Path(file)
    samples, rate = audio_files.read_filled(audio_files.read_bytes(path), path.name)
    minutes = len(samples) / rate / 60
    if minutes * 60 > LONGEST:
        raise BadInput(
            f"“{path.name}” lasts {minutes:.0f} minutes; the limit is {LONGEST // 60}.",
            "Cut out the part you want first: Edit a sound does that.",
        )
    return prepared(samples, rate)


def _heard(
    ctx: TaskContext, params: Transcribe, sound: Floats
) -> Generator[Event, None, Activations]:
    from studio_music.audio.transcription.activations import Activations, activations

    def body(at_once: int) -> Generator[Event, None, Activations]:
        for step in activations(model.network, sound, at_once, ctx.device):
            if isinstance(step, Activations):
                return step
            yield ctx.progress(0.05 + 0.9 * step, 1, "Listening")
        raise AssertionError("listening ends with what was heard")

    with ctx.lease(params.weights) as model:
        rungs = [Rung(_AT_ONCE), Rung(1, "two seconds at a time")]
        return (yield from ctx.ladder(rungs, body))


def _written(params: Transcribe, activations: Activations) -> tuple[Piece, list[NoteEvent], bool]:
    from studio_music.audio.transcription.note_events import note_events, one_line, overlap
    from studio_music.audio.transcription.score import written

    name = Path(params.sound).stem
    events = note_events(activations, params.sensitivity / 100, params.shortest / 1000)
    if not events:
        raise BadInput(
            f"No notes were heard in “{name}”.",
            "Record closer or louder, raise the sensitivity, or choose music with clear pitches.",
        )
    line = params.lines == "melody" or (params.lines == "auto" and overlap(events) < _POLYPHONIC)
    chosen = one_line(events) if line else events
    bar = {"4/4": 4, "3/4": 3, "2/4": 2}.get(params.metre, 0)
    dotted = True if params.metre == "6/8" else None
    piece = written(chosen, name[:80], line=line, bpm=params.tempo, bar=bar, dotted=dotted)
    return piece, chosen, line


def _remarks(events: Sequence[NoteEvent]) -> tuple[str, ...]:
    if sum(event.strength for event in events) >= _UNSURE * len(events):
        return ()
    return ("The notes are uncertain: most of this may be noise, or instruments without pitch.",)


def _told(event: NoteEvent) -> dict[str, Any]:
    return {
        "start": round(event.start, 3),
        "end": round(event.end, 3),
        "pitch": event.pitch,
        "strength": round(event.strength, 3),
    }
