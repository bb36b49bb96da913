"""The runtime half: which tasks there are, and which families of weights can be loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studio.api import Loader, hookimpl
from studio_voice.kokoro import weights as kokoro_weights
from studio_voice.pronunciation import weights as pronunciation_weights
from studio_voice.speech import weights as speech_weights
from studio_voice.tasks import speech, transcription
from studio_voice.whisper import weights as whisper_weights


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {"voice.transcribe": transcription.transcribe, "voice.speak": speech.speak}


@hookimpl
def studio_loaders() -> Sequence[Loader]:
    """Return the loaders of the families, the cheapest to ask first."""
    return (
        speech_weights.loader(),
        pronunciation_weights.loader(),
        whisper_weights.loader(),
        kokoro_weights.loader(),
    )
