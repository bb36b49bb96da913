"""Numbers and states in words, the same everywhere in the window. Pure functions."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from studio.protocol.states import JobState


def _tr(text: str) -> str:
    return QCoreApplication.translate("words", text)


def size(count: int) -> str:
    """Return bytes as people say them: ``98 MB``, ``1.4 GB`` (powers of 1000)."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB" if count < 1e11 else f"{count / 1e9:.0f} GB"
    if count >= 1e6:
        return f"{count / 1e6:.0f} MB"
    return f"{count / 1e3:.0f} kB" if count >= 1000 else f"{count} B"


def duration(seconds: float) -> str:
    """Return seconds as ``12 s``, ``3 min 05 s``, ``2 h 10 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def state(job_state: JobState, reason: str = "") -> str:
    """Return the state of a job in words; ``reason`` says what it waits for."""
    words = {
        JobState.QUEUED: _tr("in the queue"),
        JobState.WAITING: _tr("waiting"),
        JobState.LOADING: _tr("loading weights"),
        JobState.RUNNING: _tr("running"),
        JobState.PAUSED: _tr("paused"),
        JobState.DONE: _tr("done"),
        JobState.CANCELLED: _tr("stopped"),
        JobState.FAILED: _tr("failed"),
        JobState.LOST: _tr("lost with the runtime"),
    }[job_state]
    return f"{words}: {reason}" if reason else words


STATE_ICON = {
    JobState.QUEUED: ("clock", "mute"),
    JobState.WAITING: ("hourglass", "warn"),
    JobState.LOADING: ("loader", "accent"),
    JobState.RUNNING: ("circle-play", "accent"),
    JobState.PAUSED: ("circle-pause", "warn"),
    JobState.DONE: ("circle-check", "good"),
    JobState.CANCELLED: ("circle-stop", "mute"),
    JobState.FAILED: ("circle-x", "bad"),
    JobState.LOST: ("unplug", "bad"),
}
"""Icon and colour token of each state: never colour alone."""
