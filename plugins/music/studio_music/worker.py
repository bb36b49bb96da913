"""The runtime half: which tasks there are, and which families of weights can be loaded.

Does none of the work: that is in the modules named here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studio.api import Kind, Loader, Verdict, hookimpl
from studio_music.audio import sound_checks
from studio_music.audio.models import weights as audio_weights
from studio_music.audio.synth import weights as font_weights
from studio_music.audio.transcription import weights as note_weights
from studio_music.compose import piece_checks
from studio_music.compose.chorales import weights as chorale_weights
from studio_music.compose.tunes import weights as tune_weights
from studio_music.tasks import (
    backing,
    comparison,
    composition,
    development,
    effects,
    engraving,
    generation,
    harmonisation,
    layers,
    render,
    score_import,
    sound_edits,
    transcription,
)


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {
        "music.compose": composition.compose,
        "music.harmonise": harmonisation.harmonise,
        "music.back": backing.back,
        "music.develop": development.develop,
        "music.layers": layers.layers,
        "music.render": render.render,
        "music.engrave": engraving.engrave,
        "music.open": score_import.open_score,
        "music.compare": comparison.compare,
        "music.effect": effects.effect,
        "music.edit_sound": sound_edits.edit_sound,
        "music.transcribe": transcription.transcribe,
        "music.generate": generation.generate,
    }


@hookimpl
def studio_loaders() -> Sequence[Loader]:
    """Return the loaders of the families, the cheapest to ask first."""
    return (
        tune_weights.loader(),
        chorale_weights.loader(),
        note_weights.loader(),
        font_weights.loader(),
        audio_weights.loader(),
    )


@hookimpl
def studio_checks() -> Mapping[str, Callable[[bytes], Verdict]]:
    """Return how a score and a sound without a verdict are checked."""
    return {Kind.SCORE: piece_checks.check_file, Kind.AUDIO: sound_checks.check_file}
