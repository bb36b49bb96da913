"""The task ``voice.transcribe``: transcribes a recording, with times."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from studio.api import BadInput, Event, Rung, TaskContext
from studio_voice.languages import AUTO, LANGUAGES, WITHOUT_SPACES
from studio_voice.schema import Transcribe
from studio_voice.transcripts.transcript import (
    KIND,
    SUFFIX,
    Segment,
    Transcript,
    Word,
    packed,
    short_title,
)

if TYPE_CHECKING:
    from studio_voice.speech.recordings import Sound
    from studio_voice.speech.windows import Span
    from studio_voice.whisper.alignment import Timed
    from studio_voice.whisper.decoder import Phrase
    from studio_voice.whisper.weights import Transcriber

_AT_ONCE: Final = 4
"""Windows that are written down together: of more, a Stop would come late."""
_DETECTOR: Final = "silero-vad"
_HEARD_FOR_LANGUAGE: Final = 3


INAUDIBLE: Final = "[inaudible]"
"""Stands where somebody speaks, and no words could be made out."""


class Part(NamedTuple):
    """A window, its sound, and where in it somebody speaks; in seconds of the recording."""

    span: Span
    sound: Sound
    speech: tuple[Span, ...]

    def only(self, speech: Span) -> Part:
        """Cut out a span of its speech."""
        from studio_voice.speech.recordings import RATE

        span = speech.around(self.span)
        first, last = (round((at - self.span.start) * RATE) for at in span)
        return Part(span, self.sound[first:last], (speech,))


def transcribe(ctx: TaskContext, params: Transcribe) -> Iterator[Event]:
    """Transcribe a recording.

    Yields progress (in seconds of the recording), the text as it is decoded, a ``transcript``
    artifact, and the result: ``text``, ``segments`` (``start`` and ``end`` in seconds, ``text``),
    ``language``, and ``duration``: how many seconds the recording lasts. The recording is a file,
    or the input ``sound``: its bytes.

    Raises:
        BadInput: It is no recording, nobody speaks in it, or the language is not known.
        StudioError: The weights cannot be used or do not fit into memory.
    """
    import numpy as np

    from studio_voice.speech import recordings, video_sound
    from studio_voice.speech.recordings import RATE

    path = Path(params.recording)
    sound_file = (yield from _sound_of(ctx, path)) if video_sound.is_video(path) else path
    source = recordings.Source(
        sound_file, bytes(ctx.inputs["sound"]) if "sound" in ctx.inputs else None
    )
    seconds = yield from ctx.in_thread(partial(recordings.length, source))
    yield ctx.progress(0, seconds, "Looking for speech")
    writing = _Writing(ctx, params, seconds)
    start, rest = 0.0, np.zeros(0, np.float32)
    for piece, is_last in recordings.pieces(source):
        sound = np.concatenate([rest, piece])
        parts = yield from _parts(ctx, params, start, sound)
        # Somebody may speak on into the next piece: the last window is heard with that.
        held = parts.pop() if parts and not is_last else None
        yield from writing.add(parts)
        end = start + len(sound) / RATE
        start = held.span.start if held else end
        rest = sound[len(sound) - round((end - start) * RATE) :]
    if all(segment.text == INAUDIBLE for segment in writing.segments):
        raise BadInput(
            f"No speech was understood in “{path.name or source.name}”."
            if writing.segments
            else f"Nobody speaks in “{path.name or source.name}”, as far as can be heard.",
            "Record closer or louder, or lower the speech threshold.",
        )
    seconds = round(start, 2)
    transcript = Transcript(tuple(writing.segments), writing.told_language, seconds, path.name)
    facts = {"language": transcript.language, "duration": seconds, "recording": path.name}
    yield ctx.artifact(
        KIND,
        packed(transcript),
        suffix=SUFFIX,
        title=short_title(path.stem),
        text=transcript.text,
        meta=facts,
    )
    yield ctx.result(
        text=transcript.text,
        segments=msgspec.to_builtins(transcript.segments),
        **facts,
    )


def _sound_of(ctx: TaskContext, video: Path) -> Generator[Event, None, Path]:
    """Return the sound of a video as a file of its own."""
    from studio_voice.speech import video_sound

    steps = video_sound.extracted(video, ctx.scratch, ctx.file_sandbox)
    try:
        while True:
            words = f"Reading the sound of {video.name}: {next(steps):,.0f} s"
            yield ctx.progress(0, 1, words)
    except StopIteration as end:
        sound_path: Path = end.value
        return sound_path
    finally:
        steps.close()


class _Writing:
    """A transcript that grows, window by window."""

    def __init__(self, ctx: TaskContext, params: Transcribe, seconds: float) -> None:
        self._ctx, self._params, self._seconds = ctx, params, seconds
        self.language = "" if params.language == AUTO else str(params.language)
        self.segments: list[Segment] = []

    @property
    def told_language(self) -> str:
        """The language of the text."""
        return "en" if self._params.output == "english" else self.language

    def add(self, parts: Sequence[Part]) -> Iterator[Event]:
        """Write down some more windows, in order."""
        for first in range(0, len(parts), _AT_ONCE):
            some = parts[first : first + _AT_ONCE]
            rungs = [Rung(len(some)), Rung(1, "thirty seconds at a time")]
            with self._ctx.lease(self._params.weights) as model:
                segments = yield from self._ctx.ladder(rungs, partial(self._heard, model, some))
            text = " ".join(segment.text for segment in segments)
            self.segments += segments
            if text:
                yield self._ctx.text(f"{text} ", channel="transcript")
            done = some[-1].span.end
            yield self._ctx.progress(done, max(done, self._seconds), "Writing it down")

    def _heard(
        self, model: Transcriber, parts: Sequence[Part], at_once: int
    ) -> Generator[Event, None, list[Segment]]:
        """Write windows down; speech in them that has no text is heard once more, by itself."""
        from studio_voice.speech.windows import missed

        segments: list[Segment] = []
        again: list[Part] = []
        self._generator = self._ctx.rng.torch("cpu")  # here: a second try begins alike
        for first in range(0, len(parts), at_once):
            some = parts[first : first + at_once]
            for part, written in zip(some, (yield from self._written(model, some))):
                believed = [segment for segment in written if self._is_whole(segment, part)]
                segments += believed
                spans = [_span(segment) for segment in believed]
                again += [part.only(speech) for speech in missed(part.speech, spans)]
        for first in range(0, len(again), at_once):
            some = again[first : first + at_once]
            for part, written in zip(some, (yield from self._written(model, some))):
                (speech,) = part.speech
                mark = Segment(round(speech.start, 2), round(speech.end, 2), INAUDIBLE)
                segments += written or [mark]
        return sorted(segments, key=lambda segment: segment.start)

    def _is_whole(self, segment: Segment, part: Part) -> bool:
        from studio_voice.speech.windows import is_stretched

        dense = self.language in WITHOUT_SPACES  # a letter is a syllable there
        return dense or not is_stretched(segment.text, _span(segment), part.speech)

    def _written(
        self, model: Transcriber, parts: Sequence[Part]
    ) -> Generator[Event, None, list[list[Segment]]]:
        from studio_voice.whisper import decoder

        sound = yield from self._encoded(model, parts)
        prompt = self._prompt(model, sound)
        drafts = yield from decoder.write_down(
            model.network, sound, model.tokens, prompt, self._generator
        )
        written = []
        for number, (part, draft) in enumerate(zip(parts, drafts)):
            yield None
            phrases = decoder.phrases(draft, model.tokens, part.span.seconds)
            words = self._words(model, sound[number : number + 1], phrases, part.span.seconds)
            written.append(
                [
                    _segment(phrase, spoken, part.span.start)
                    for phrase, spoken in zip(phrases, words)
                ]
            )
        return written

    def _words(
        self, model: Transcriber, sound: Any, phrases: Sequence[Phrase], seconds: float
    ) -> list[list[Timed]]:
        """Return when each word of the phrases of a window was said."""
        from studio_voice.whisper.alignment import word_times

        if not self._params.word_times or self._params.output == "english":
            return [[] for _ in phrases]
        of_phrases = [phrase.tokens for phrase in phrases]
        return word_times(
            model.network, sound, model.tokens, self.language, of_phrases, seconds, model.heads
        )

    def _encoded(self, model: Transcriber, parts: Sequence[Part]) -> Generator[Event, None, Any]:
        import torch

        from studio_voice.whisper.spectrogram import spectrogram

        mels, encoded = model.network.sizes.mels, []
        for part in parts:
            yield None
            with torch.inference_mode():
                mel = spectrogram(part.sound, mels)[None].to(self._ctx.device)
                encoded.append(model.network.encode(mel))
        return torch.cat(encoded)

    def _prompt(self, model: Transcriber, sound: Any) -> list[int]:
        import torch

        from studio_voice.whisper import decoder

        languages = model.tokens.languages
        if not self.language:
            with torch.inference_mode():
                beginning = sound[:_HEARD_FOR_LANGUAGE]
                self.language, _share = decoder.language_of(model.network, beginning, model.tokens)
        if languages and self.language not in languages:
            raise BadInput(
                f"This model does not know {LANGUAGES.get(self.language, self.language)}.",
                "It knows: "
                + ", ".join(LANGUAGES.get(code, code) for code in sorted(languages))
                + ".",
            )
        translate = self._params.output == "english"
        if not languages and (translate or self.language != "en"):
            raise BadInput(
                "This model knows English only.", "Choose another one that knows more languages."
            )
        return model.tokens.prompt(self.language, translate=translate, words=self._params.words)


def _parts(
    ctx: TaskContext, params: Transcribe, start: float, sound: Sound
) -> Generator[Event, None, list[Part]]:
    """Return the windows of a piece of a recording with speech in it."""
    import numpy as np

    from studio_voice.speech.detector import speech_shares
    from studio_voice.speech.recordings import RATE
    from studio_voice.speech.windows import Span, spoken, windows

    parts = []
    with ctx.lease(_DETECTOR) as detector:
        for some in speech_shares(detector.network, sound):
            parts.append(some)
            yield None
    shares = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    spans = spoken(shares, params.silence / 100)
    return [
        Part(
            Span(start + span.start, start + span.end),
            sound[round(span.start * RATE) : round(span.end * RATE)],
            tuple(Span(start + part.start, start + part.end) for part in speech),
        )
        for span, speech in windows(spans, shares, len(sound) / RATE)
    ]


def _span(segment: Segment) -> Span:
    from studio_voice.speech.windows import Span

    return Span(segment.start, segment.end)


def _segment(phrase: Phrase, words: Sequence[Timed], start: float) -> Segment:
    """Place a phrase of a window that begins at ``start``; its words lie within it."""
    times = [
        [min(max(at, phrase.start), phrase.end) for at in (word.start, word.end)] for word in words
    ]
    return Segment(
        round(start + phrase.start, 2),
        round(start + phrase.end, 2),
        phrase.text,
        tuple(
            Word(round(start + begin, 2), round(start + end, 2), word.text)
            for word, (begin, end) in zip(words, times)
        ),
    )
