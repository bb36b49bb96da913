"""The words that several parts of the page share. Makes sentences, draws nothing."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from studio.api import JobState


def tr(text: str) -> str:
    """Return ``text`` in the language of the window."""
    return QCoreApplication.translate("image", text)


def style_titles() -> dict[str, str]:
    """Return what the styles of the starter weights are called."""
    return {
        "3d": tr("3-D"),
        "flat": tr("Flat"),
        "colour": tr("Colour"),
        "noto": tr("Rounded"),
        "noto-v1": tr("Blob"),
        "fx": tr("Crisp"),
    }


def style_words() -> tuple[tuple[str, str], ...]:
    """Return (title, words for the prompt) that any weights trained on captions understand."""
    return (
        (tr("Photo"), "photograph, natural light"),
        (tr("Oil painting"), "oil painting, visible brush strokes"),
        (tr("Watercolour"), "watercolour on paper"),
        (tr("Pencil"), "pencil drawing"),
        (tr("Ink"), "ink drawing, black and white"),
        (tr("Pixel art"), "pixel art"),
    )


def state_words(state: JobState, reason: str) -> str:
    """Return what a job waits for or does, until it tells how far it is."""
    match state:
        case JobState.WAITING:
            return tr("Waiting: {reason}").format(reason=reason) if reason else tr("Waiting…")
        case JobState.LOADING:
            return reason or tr("Loading the model…")
        case JobState.PAUSED:
            return tr("Paused. Go on in the list of jobs.")
        case _:
            return reason or tr("Getting ready…")


def time_left(seconds: float | None) -> str:
    """Return "12 s left", "3 min left", or nothing."""
    if seconds is None:
        return ""
    if seconds < 90:
        return tr("{count} s left").format(count=max(1, round(seconds)))
    return tr("{count} min left").format(count=round(seconds / 60))
