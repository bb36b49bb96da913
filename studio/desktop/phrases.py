"""Sizes, times and states in words and icons, the same everywhere in the window. Pure functions."""

from __future__ import annotations

import re
import unicodedata

from PySide6.QtCore import QLocale, QTime

from studio.api.window.figures import localised
from studio.api.window.language import tr, tr_filled
from studio.base.energy.amount import Amount
from studio.base.energy.grid import grams
from studio.base.energy.phrases import Figures, carbon, figures
from studio.desktop.appearance.language import declared
from studio.protocol.states import JobState

_LONG, _PART = re.compile(r"\S{25,}"), re.compile(r"[/_.-]|[^\s/_.-]{18}")

_WAITING_FOR = "waiting for "
"""So the runtime begins its reasons."""


def folded(text: str) -> str:
    """Return a text as it is looked for: “CO₂” and “co2” are the same."""
    return unicodedata.normalize("NFKC", text).casefold()


def size(count: int) -> str:
    """Return bytes as people say them: ``98 MB``, ``1.4 GB`` (powers of 1000)."""
    if count >= 1e9:
        return localised(f"{count / 1e9:.1f} GB") if count < 1e11 else f"{count / 1e9:.0f} GB"
    if count >= 1e6:
        return f"{count / 1e6:.0f} MB"
    return f"{count / 1e3:.0f} kB" if count >= 1000 else f"{count} B"


def breakable(text: str) -> str:
    """Let paths and digests, which have no spaces, go on in the next line."""
    return _LONG.sub(lambda word: _PART.sub(lambda part: f"{part[0]}\u200b", word[0]), text)


def amount(energy: Amount) -> str:
    """Return energy as ``42 J``, ``about 42 J (38–46)`` or ``about 40 J (20–80), estimated``."""
    shown = Figures(*map(localised, figures(energy)))
    size = f"{shown.typical} {shown.unit}"
    if energy.is_estimated:
        return tr("about {size} ({low}–{high}), estimated").format(
            size=size, low=shown.low, high=shown.high
        )
    if shown.is_range:
        return tr("about {size} ({low}–{high})").format(size=size, low=shown.low, high=shown.high)
    return size


def energy(used: Amount, factor: float) -> str:
    """Return energy, and its CO₂ at ``factor`` grams a kilowatt-hour; at 0 nothing of that."""
    parts = [amount(used)]
    if factor:
        parts.append(localised(carbon(grams(used.joules, factor))))
    return " · ".join(parts)


def capability(id: str) -> str:
    """Return what weights can do in a word or two."""
    words = {
        "chorales": tr("chorales"),
        "code": tr("code"),
        "embedding": tr("embedding"),
        "image": tr("picture"),
        "image-to-text": tr("sees pictures"),
        "multilingual-embedding": tr("multilingual embedding"),
        "smiles": tr("molecules"),
        "soundfont": tr("sound font"),
        "speech-detection": tr("speech detection"),
        "speech-to-text": tr("speech to text"),
        "text": tr("text"),
        "text-recognition": tr("text recognition"),
        "text-to-audio": tr("text to audio"),
        "text-to-image": tr("text to image"),
        "text-to-speech": tr("text to speech"),
        "transcription": tr("transcription"),
        "tunes": tr("tunes"),
        "upscale": tr("enlarging"),
    }
    return words.get(id, id.replace("-", " "))


def duration(seconds: float) -> str:
    """Return seconds as ``12 s``, ``3 min 05 s``, ``2 h 10 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def state(job_state: JobState, reason: str = "") -> str:
    """Return the state of a job as text; ``reason`` is the reason for waiting or ending."""
    words = {
        JobState.QUEUED: tr("Queued"),
        JobState.WAITING: tr("Waiting"),
        JobState.LOADING: tr("Loading model"),
        JobState.RUNNING: tr("Running"),
        JobState.PAUSED: tr("Paused"),
        JobState.DONE: tr("Done"),
        JobState.CANCELLED: tr("Stopped"),
        JobState.FAILED: tr("Failed"),
        JobState.LOST: tr("Interrupted"),
    }[job_state]
    if reason.startswith(_WAITING_FOR):
        return waits_for(job_state, reason)
    return f"{words}: {tr_filled(reason)}" if reason else words


def job(state_now: JobState, detail: str = "", stopping: bool = False) -> str:
    """Return the activity of a job as text for a list; ``detail`` is its progress or reason."""
    if stopping and not state_now.is_terminal:
        return tr("Stopping…")
    if state_now in (JobState.FAILED, JobState.LOST) and detail:
        return tr_filled(detail)
    return state(state_now, detail)


def to_end(seconds: float, unknown: int, ends: QTime | None = None) -> str:
    """Return how long the queue will take: ``about 12 min, until 14:05``.

    Args:
        unknown: Of how many jobs nobody knows: then it is more than this.
        ends: The time of day when it will be over; None while it does not run.
    """
    minutes = max(1, round(seconds / 60))
    if seconds < 45 and not unknown:
        long = tr("less than a minute")
    elif minutes < 60:
        long = tr("{n} min").format(n=minutes)
    else:
        long = tr("{h} h {min} min").format(h=minutes // 60, min=f"{minutes % 60:02d}")
    if unknown:
        return tr("more than {long}").format(long=long)
    if ends is None or seconds < 45:
        return tr("about {long}").format(long=long) if seconds >= 45 else long
    time = QLocale().toString(ends, QLocale.FormatType.ShortFormat)
    return tr("about {long}, until {time}").format(long=long, time=time)


def waits_for(job_state: JobState, reason: str = "") -> str:
    """Return the activity of a live job until it reports progress; else empty."""
    match job_state:
        case JobState.WAITING:
            what = reason.removeprefix(_WAITING_FOR)
            return tr("Waiting for {what}").format(what=what) if reason else tr("Waiting…")
        case JobState.LOADING:
            return declared(reason) or tr("Loading the model…")
        case JobState.RUNNING:
            return reason or tr("Preparing…")
        case JobState.PAUSED:
            return tr("Paused. Resume it in the job list.")
        case _:
            return ""


def time_left(seconds: float | None) -> str:
    """Return ``12 s left``, ``3 min left``, or nothing while that is unknown."""
    if seconds is None:
        return ""
    if seconds < 90:
        return tr("{count} s left").format(count=max(1, round(seconds)))
    return tr("{count} min left").format(count=round(seconds / 60))


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
"""Icon and colour token of each state of a job: never colour alone."""
