"""The tasks in process, with networks that have learned nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

torch = pytest.importorskip("torch")

from studio.api import Kind, Params  # noqa: E402
from studio.testing.plugins import Made, run_task  # noqa: E402
from studio_music import worker  # noqa: E402
from studio_music.audio.effects.schema import EditSound, Effect  # noqa: E402
from studio_music.audio.transcription.schema import Transcribe  # noqa: E402
from studio_music.compose.chorales.network import ChoraleNetwork  # noqa: E402
from studio_music.compose.chorales.weights import Chorales  # noqa: E402
from studio_music.compose.tunes.network import TuneNetwork  # noqa: E402
from studio_music.compose.tunes.weights import Tunes  # noqa: E402
from studio_music.schema import Back, Compose, Develop, Harmonise, Layers, Open, Render  # noqa: E402
from studio_music.score.formats.midi import files  # noqa: E402
from studio_music.score.piece import TICKS, Key, Note, Piece, Track  # noqa: E402

TASKS = worker.studio_tasks()
SCHEMAS: dict[str, type[Params]] = {
    "compose": Compose,
    "develop": Develop,
    "harmonise": Harmonise,
    "back": Back,
    "layers": Layers,
    "render": Render,
    "open": Open,
    "effect": Effect,
    "edit_sound": EditSound,
    "transcribe": Transcribe,
}
replace = msgspec.structs.replace


def models() -> dict[str, Any]:
    """Networks that have learned nothing: the grammar alone keeps them to what was asked."""
    torch.manual_seed(5)
    return {
        "tunes": Tunes(TuneNetwork("gru", 32, 1).eval(), {}),
        "chorales": Chorales(ChoraleNetwork("gru", 32, 1).eval()),
    }


def run(
    name: str,
    seed: int = 3,
    stop_after: int | None = None,
    lent: dict[str, Any] | None = None,
    piece: Any = None,
    **values: Any,
) -> Made:
    weights = {"compose": "tunes", "develop": "tunes", "harmonise": "chorales"}.get(name)
    given = values | ({"weights": weights} if weights else {})
    params = SCHEMAS[name].parse(given)
    task = TASKS[f"music.{name}"]
    inputs = {} if piece is None else {"piece": piece}
    return run_task(
        task, params, seed=seed, models=lent or models(), inputs=inputs, stop_after=stop_after
    )


def tune(bars: int = 4) -> Piece:
    pitches = ([62, 65, 69, 65, 64, 67, 69, 64] * bars)[: 2 * bars]
    notes = [Note(place * 960, pitch, 960) for place, pitch in enumerate(pitches)]
    notes[-1] = replace(notes[-1], pitch=62)
    return Piece(
        "A tune",
        Key("D", "minor"),
        length=bars * 4 * TICKS,
        tracks=(Track("Tune", tuple(notes), role="melody"),),
    )


def plain(piece: Piece) -> dict[str, Any]:
    return msgspec.to_builtins(piece)


def score_of(made: Made) -> Piece:
    artifact = made.artifacts[0]
    assert (artifact.kind, artifact.suffix) == (Kind.SCORE, ".mid")
    return files.read(artifact.payload).piece
