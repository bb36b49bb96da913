"""The task ``voice.speak``: a text, read aloud."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from studio.api import BadInput, Event, Kind, TaskContext, read_regular
from studio_voice.schema import DOCUMENT_SUFFIXES, Speak
from studio_voice.transcripts.transcript import SUFFIX, short_title, unpacked

if TYPE_CHECKING:
    from studio_voice.books.chapters import Sentence
    from studio_voice.kokoro.weights import Sound, Speaker

_SPELLER: Final = "pronunciation"
_READER: Final = "chat.recognise"
_PAUSE: Final = 0.25
"""Seconds between two sentences."""
_PARAGRAPH: Final = 0.6
_CHAPTER: Final = 1.5
"""Seconds before a chapter."""
_MOST_BYTES: Final = 8 * 2**20
_MOST_UNKNOWN: Final = 50


@dataclass
class Said:
    """Progress of the speech, saved after each sentence.

    Attributes:
        frames: Valid samples of the file; any behind them were not finished.
        chapters: Title of each that began, and the frame it begins at.
    """

    sentences: int = 0
    frames: int = 0
    guessed: list[str] = field(default_factory=list)
    chapters: list[tuple[str, int]] = field(default_factory=list)


def speak(ctx: TaskContext, params: Speak) -> Iterator[Event]:
    """Read a text aloud.

    What was said before a crash is kept, and not said again.

    Yields progress in letters, each sentence as text when it is said, an ``audio`` artifact (24
    kHz; WAV, or FLAC with marks of the chapters), and the result: ``duration`` in seconds,
    ``sentences``, ``chapters`` (``title`` and ``start`` in seconds), and ``guessed``: the words
    whose pronunciation is in no lexicon.

    Raises:
        BadInput: There is nothing to read.
        StudioError: The weights cannot be used or do not fit into memory.
    """
    import soundfile

    from studio_voice.books.chapters import spoken
    from studio_voice.kokoro.weights import RATE

    yield ctx.progress(0, 1, "Reading the text")
    text = yield from _text(ctx, params)
    is_marked = Path(params.document).suffix.lower() not in ("", ".txt")
    parts = yield from ctx.in_thread(lambda: list(spoken(text, is_marked=is_marked)))
    if not parts:
        raise BadInput("There is nothing to read aloud.", "Type some words, or choose a text file.")
    letters = sum(len(part.text) for part in parts)
    file = ctx.checkpoint / "speech.wav"
    progress = _resumed(ctx.checkpoint, len(parts))
    done = sum(len(part.text) for part in parts[: progress.sentences])
    how = {} if progress.sentences else {"samplerate": RATE, "channels": 1, "subtype": "PCM_16"}
    with soundfile.SoundFile(file, "r+" if progress.sentences else "w", **how) as out:
        out.seek(0, soundfile.SEEK_END)
        for part in parts[progress.sentences :]:
            yield from _say(ctx, params, part, progress, out)
            done += len(part.text)
            yield ctx.text(f"{part.text} ", channel="speech")
            yield ctx.progress(done, letters, "Reading aloud")
    chapters = [(title, frame / RATE) for title, frame in progress.chapters]
    title = short_title(params.title or _name(params) or " ".join(text.split()))
    final = yield from _final(ctx, params, title, file, chapters)
    facts = {
        "voice": params.voice,
        "duration": round(progress.frames / RATE, 2),
        "sentences": len(parts),
        "chapters": [{"title": name, "start": round(start, 2)} for name, start in chapters],
    }
    yield ctx.artifact(
        Kind.AUDIO, final, suffix=final.suffix, title=title, text=text[:100_000], meta=facts
    )
    yield ctx.result(guessed=progress.guessed, **facts)


def _name(params: Speak) -> str:
    return Path(params.document).stem if params.document else ""


def _text(ctx: TaskContext, params: Speak) -> Generator[Event, None, str]:
    """Return the text to read: plain text, a transcript, or a document as read by Chat."""
    if not params.document:
        return params.text
    path = Path(params.document)
    suffix = path.suffix.lower()
    if suffix in DOCUMENT_SUFFIXES:
        inputs = {"documents": [params.document]}
        outcome = yield from ctx.call(_READER, inputs, title=f"Read {path.name}", keep=False)
        return "\n\n".join(
            artifact.read().decode("utf-8", "replace") for artifact in outcome.artifacts
        )
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadInput(f"“{path.name}” is too long to be read aloud.", "Choose a part of it.")
        data = yield from ctx.in_thread(partial(read_regular, path))
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
    return unpacked(data).text if suffix == SUFFIX else data.decode("utf-8-sig", "replace")


def _say(
    ctx: TaskContext, params: Speak, part: Sentence, progress: Said, out: Any
) -> Generator[Event, None, None]:
    """Say a sentence into the file, and keep that it is said."""
    import numpy as np

    from studio_voice.kokoro.weights import RATE

    sound, unknown = yield from _sound(ctx, params, part.text)
    if part.chapter:
        if progress.sentences:
            out.write(np.zeros(round(_CHAPTER * RATE / params.speed), np.float32))
        progress.chapters.append((part.chapter, out.frames))
    out.write(sound)
    out.flush()
    progress.guessed = list(dict.fromkeys([*progress.guessed, *unknown]))[:_MOST_UNKNOWN]
    progress.sentences, progress.frames = progress.sentences + 1, out.frames
    new = ctx.checkpoint / "said.new"
    new.write_bytes(msgspec.json.encode(progress))
    new.replace(ctx.checkpoint / "said.json")


def _sound(
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


def _resumed(folder: Path, most: int) -> Said:
    """Return the progress before a crash; the sound behind it is cut off."""
    import soundfile

    try:
        progress = msgspec.json.decode((folder / "said.json").read_bytes(), type=Said)
        if progress.sentences > most:
            return Said()
        with soundfile.SoundFile(folder / "speech.wav", "r+") as file:
            file.seek(progress.frames)
            file.truncate(progress.frames)
    except (OSError, ValueError, soundfile.SoundFileError):
        return Said()  # nothing was said yet, or it cannot be used: it is said anew
    return progress


def _final(
    ctx: TaskContext,
    params: Speak,
    title: str,
    file: Path,
    chapters: Sequence[tuple[str, float]],
) -> Generator[Event, None, Path]:
    """Return the file that is handed over."""
    from studio_voice.books import chapter_marks

    final = ctx.scratch / f"speech.{params.file}"
    if params.file == "wav":
        file.replace(final)
        return final
    for share in chapter_marks.write(file, final, title, chapters):
        yield ctx.progress(share, 1, "Writing the file")
    return final
