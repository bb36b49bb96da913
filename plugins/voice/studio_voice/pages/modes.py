"""What the page can do: each mode with its task."""

from __future__ import annotations

from studio.api import Mode
from studio_voice.pages.phrases import tr
from studio_voice.schema import Transcribe

TRANSCRIBE = "transcribe"


def modes() -> tuple[Mode, ...]:
    """Return them in the order of the switch."""
    return (
        Mode(
            TRANSCRIBE,
            tr("Transcribe"),
            tr("Transcribe"),
            "file-text",
            "voice.transcribe",
            Transcribe,
            own=("recording",),
            capability="speech-to-text",
        ),
    )
