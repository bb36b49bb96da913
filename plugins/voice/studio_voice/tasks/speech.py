"""The task ``voice.speak``: a text, read aloud."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from studio.api import BadInput, Event, Kind, TaskContext, read_regular
from studio_voice.schema import Speak

if TYPE_CHECKING:
    from studio_voice.kokoro.weights import Sound, Speaker

_SPELLER: Final = "pronunciation"
_PAUSE: Final = 0.25
"""Seconds between two sentences."""
_PARAGRAPH: Final = 0.6
_MOST_BYTES: Final = 8 * 2**20
_MOST_UNKNOWN: Final = 50


def speak(ctx: TaskContext, params: Speak) -> Iterator[Event]:
    """Read a text aloud.

    What was said before a crash is kept, and not said again.

    Yields progress in letters, each sentence as text when it is said, an ``audio`` artifact (WAV,
    24 kHz), and the result: ``duration`` in seconds, ``sentences``, and ``guessed``: the words
    whose pronunciation is in no lexicon.

    Raises:
        BadInput: There is nothing to read.
        StudioError: The weights cannot be used or do not fit into memory.
    """
    import soundfile

    from studio_voice.kokoro.weights import RATE
    from studio_voice.pronunciation.lexicon import sentences

    yield ctx.progress(0, 1, "Reading the text")
    text = yield from ctx.in_thread(partial(_text, params))
    parts = list(sentences(text))
    if not parts:
        raise BadInput("There is nothing to read aloud.", "Type some words, or choose a text file.")
    letters = sum(map(len, parts))
    file = ctx.checkpoint / "speech.wav"
    done, guessed = _resumed(ctx.checkpoint, parts)
    said = sum(map(len, parts[:done]))
    how = {} if done else {"samplerate": RATE, "channels": 1, "subtype": "PCM_16"}
    with soundfile.SoundFile(file, "r+" if done else "w", **how) as out:
        out.seek(0, soundfile.SEEK_END)
        for number, part in enumerate(parts[done:], done):
            sound, unknown = yield from _said(ctx, params, part)
            guessed = list(dict.fromkeys([*guessed, *unknown]))[:_MOST_UNKNOWN]
            out.write(sound)
            out.flush()
            _keep(ctx.checkpoint, number + 1, out.frames, guessed)
            said += len(part)
            yield ctx.text(f"{part} ", channel="speech")
            yield ctx.progress(said, letters, "Reading aloud")
        duration = out.frames / RATE
    title = params.title or " ".join(parts[0].split()[:8])
    final = ctx.scratch / "speech.wav"
    file.replace(final)
    facts = {"voice": params.voice, "duration": round(duration, 2), "sentences": len(parts)}
    yield ctx.artifact(
        Kind.AUDIO, final, suffix=".wav", title=title[:80], text=text[:100_000], meta=facts
    )
    yield ctx.result(guessed=guessed, **facts)


def _text(params: Speak) -> str:
    if not params.document:
        return params.text
    path = Path(params.document)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadInput(f"“{path.name}” is too long to be read aloud.", "Choose a part of it.")
        return read_regular(path).decode("utf-8", "replace")
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error


def _said(
    ctx: TaskContext, params: Speak, sentence: str
) -> Generator[Event, None, tuple[Sound, list[str]]]:
    """Return the samples of a sentence and the pause behind it, and the words that were guessed."""
    import numpy as np

    from studio_voice.kokoro.weights import RATE

    accent = "gb" if params.voice.startswith("b") else "us"
    with ctx.lease(params.weights) as speaker, ctx.lease(_SPELLER) as speller:

        def guess(word: str, accent: str) -> str:
            return str(speller.say([word], accent)[0])

        sounds, guessed = speaker.lexicon.sounds(sentence, accent, guess)
        yield None
        sound = yield from ctx.in_thread(partial(_spoken, speaker, sounds, params))
    pause = _PARAGRAPH if sentence[-1:] not in ".,;:!?" else _PAUSE
    silence = np.zeros(round(pause * RATE / params.speed), np.float32)
    return np.concatenate([np.clip(sound, -1, 1), silence]), guessed


def _spoken(speaker: Speaker, sounds: str, params: Speak) -> Sound:
    return speaker.say(sounds, params.voice, params.speed)


def _resumed(folder: Path, parts: list[str]) -> tuple[int, list[str]]:
    """Return how many sentences were said before a crash, and what was guessed of them."""
    import soundfile

    try:
        state: dict[str, Any] = json.loads((folder / "said.json").read_text("utf-8"))
        with soundfile.SoundFile(folder / "speech.wav", "r+") as file:
            file.seek(state["frames"])
            file.truncate(state["frames"])
    except (OSError, ValueError, KeyError, TypeError, soundfile.SoundFileError):
        return 0, []  # nothing was said yet, or it cannot be used: it is said anew
    return min(int(state["sentences"]), len(parts)), list(state["guessed"])


def _keep(folder: Path, sentences: int, frames: int, guessed: list[str]) -> None:
    state = {"sentences": sentences, "frames": frames, "guessed": guessed}
    new = folder / "said.new"
    new.write_text(json.dumps(state), "utf-8")
    new.replace(folder / "said.json")
