"""The words that several parts of the page share. Makes sentences, draws nothing."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from studio.api import JobState


def tr(text: str) -> str:
    """Return ``text`` in the language of the window."""
    return QCoreApplication.translate("molecules", text)


def count_words(shown: int, all_of_them: int) -> str:
    """Return "312 of 1,000", or "1,000 molecules" where all are shown."""
    if shown == all_of_them:
        return tr("{count} molecules").format(count=f"{all_of_them:,}")
    return tr("{shown} of {count}").format(shown=f"{shown:,}", count=f"{all_of_them:,}")


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
