"""Scores as tasks take them in and hand them over: given pieces, and ``score`` artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from studio.api import BadInput, Event, Inputs, Kind, Params, TaskContext, Verdict, read_regular
from studio_music.score.piece import Piece, checked

MAX_FILE_BYTES = 32 * 2**20
"""Larger files are refused unread: a score of that size is none that could be shown or played."""


def given(inputs: Inputs, file: str) -> tuple[Piece, tuple[str, ...]]:
    """Return the input ``piece`` that a page handed in, else that of ``file``, and remarks.

    Raises:
        BadInput: There is neither, or it cannot be used.
    """
    if "piece" in inputs:
        return checked(inputs.json("piece", Piece, Piece())), ()
    if not file:
        raise BadInput("There is no score.", "Choose a MIDI, MusicXML or ABC file.")
    return read_file(file)


def read_file(file: str) -> tuple[Piece, tuple[str, ...]]:
    """Return the piece of a score file and the remarks of its reader.

    Raises:
        BadInput: It is missing, no file, too large, or no score that can be read; says which.
    """
    from studio_music.score import formats

    path = Path(file).expanduser()
    try:
        if path.is_dir():
            raise BadInput(f"{path.name} is a folder, not a score.", "Choose a file inside it.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadInput(f"{path.name} is larger than 32 MiB.", "Choose a smaller score.")
        data = read_regular(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(f"{path.name} cannot be read: {reason}.", "Choose another file.") from error
    opened = formats.read(data, path.suffix.lower())
    piece = opened.piece
    if piece.title == Piece().title:
        piece = msgspec.structs.replace(piece, title=path.stem)
    return piece, opened.remarks


def recipe(ctx: TaskContext, task: str, params: Params) -> dict[str, Any]:
    """Return how an artifact is made: task, parameters, seed.

    It goes into files that may be given away, so of files that were given it has the name alone.
    """
    values = params.to_dict()
    for field in params.fields():
        if field.kind == "file":
            values[field.name] = Path(values[field.name]).name
    if "seed" in values:
        values["seed"] = ctx.rng.seed
    return {"task": task, "params": values}


def artifact(
    ctx: TaskContext, piece: Piece, verdict: Verdict, facts: Mapping[str, Any], text: str = ""
) -> Event:
    """Return the event that hands over ``piece`` as a ``score`` artifact, a MIDI file.

    Args:
        facts: What the record of it should say beside the facts of the piece itself.
    """
    from studio_music.score.formats.midi import files
    from studio_music.score.thumbnails import score_png

    return ctx.artifact(
        Kind.SCORE,
        files.write(piece),
        suffix=".mid",
        title=piece.title,
        text=text or summary(piece),
        verdict=verdict,
        meta={**facts_of(piece), **facts},
        preview=score_png(piece),
    )


def facts_of(piece: Piece) -> dict[str, Any]:
    """Return facts about a piece for display, as plain data."""
    return {
        "title": piece.title,
        "key": str(piece.key),
        "metre": str(piece.metre),
        "tempo": piece.tempo,
        "bars": bars_of(piece),
        "notes": sum(len(track.notes) for track in piece.tracks),
        "tracks": [track.name for track in piece.tracks],
        "duration": round(piece.seconds(piece.end), 2),
    }


def bars_of(piece: Piece) -> int:
    """Return how many whole bars it has; a pickup is none."""
    return len(piece.bar_starts()) - bool(piece.pickup)


def summary(piece: Piece, key_name: str = "") -> str:
    """Return the piece in one line: "Jig: 16 bars of 6/8 in G major, 168 bpm".

    Args:
        key_name: Its key with an old mode, as "D dorian"; "" for that of its signature.
    """
    bars = bars_of(piece)
    return (
        f"{piece.title}: {bars} {'bar' if bars == 1 else 'bars'} of {piece.metre} in "
        f"{key_name or piece.key}, {piece.tempo:g} bpm"
    )


def told(piece: Piece, verdict: Verdict, remarks: Sequence[str]) -> dict[str, Any]:
    """Return the common results of all tasks: facts, checks, remarks."""
    return {
        **facts_of(piece),
        "remarks": list(remarks),
        **({"note": " ".join(remarks)} if remarks else {}),
        "passed": verdict.passed,
        "checks": [
            {"name": check.name, "passed": check.passed, "evidence": check.evidence}
            for check in verdict.checks
        ],
    }
