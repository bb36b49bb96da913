"""Modes of the page, each with its task."""

from __future__ import annotations

from studio.api import Mode
from studio.api.window.language import tr
from studio_voice.schema import Speak, Talk, Transcribe

TRANSCRIBE, SPEAK, TALK = "transcribe", "speak", "talk"


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
        Mode(
            SPEAK,
            tr("Read aloud"),
            tr("Read aloud"),
            "volume-2",
            "voice.speak",
            Speak,
            own=("text",),
            capability="text-to-speech",
        ),
        Mode(TALK, tr("Talk"), tr("Talk"), "mic", "chat.reply", Talk, capability="text"),
    )
