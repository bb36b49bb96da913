"""Speech for clients of OpenAI: texts read aloud, recordings written down.

Format: OpenAI's API reference, ``audio/speech`` and ``audio/transcriptions``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.responses import JSONResponse, PlainTextResponse, Response

from studio.api.window.subtitles import Cue, srt, vtt
from studio.serving.errors import Refusal

_VOICES: Final = {
    "alloy": "af_alloy", "ash": "am_adam", "ballad": "bm_lewis", "coral": "af_bella",
    "echo": "am_echo", "fable": "bm_fable", "nova": "af_nova", "onyx": "am_onyx",
    "sage": "af_sarah", "shimmer": "af_sky", "verse": "am_michael",
}  # fmt: skip
"""What clients know, and the nearest that there is; others are asked for by their own names."""
_SUBTITLES: Final = {"srt": srt, "vtt": vtt}
_FORMS: Final = ("json", "text", *_SUBTITLES, "verbose_json")


class SpeechRequest(msgspec.Struct, kw_only=True):
    """``POST /v1/audio/speech``."""

    input: str
    model: str
    voice: str = "af_heart"
    speed: float | None = None
    response_format: str | None = None
    instructions: str | None = None
    stream_format: str | None = None

    def params(self) -> dict[str, Any]:
        """Return the parameters of ``voice.speak``.

        Raises:
            Refusal: Something is asked that is not to be had.
        """
        if self.response_format not in (None, "wav"):
            raise Refusal(400, "“response_format” must be wav.", "unsupported")
        if self.stream_format == "sse":
            raise Refusal(400, "Speech comes as a file, not as events.", "unsupported")
        speed = 1.0 if self.speed is None else self.speed
        voice = _VOICES.get(self.voice, self.voice)
        return {"text": self.input, "voice": voice, "speed": speed, "weights": self.model}


class Recording(msgspec.Struct):
    """``POST /v1/audio/transcriptions``, or translations.

    Attributes:
        form: What the answer is.
        of_words: Whether the times of words are wanted, too.
    """

    data: bytes
    model: str
    language: str
    words: str
    form: str
    english: bool
    of_words: bool = False

    def params(self) -> dict[str, Any]:
        """Return the parameters of ``voice.transcribe``."""
        output = "english" if self.english else "original"
        params = {"language": self.language, "words": self.words, "output": output}
        return {**params, "word_times": self.of_words, "weights": self.model}


async def recording_of(form: FormData, *, english: bool) -> Recording:
    """Return the recording requested by a form.

    Raises:
        Refusal: It has no file, or an unsupported option.
    """
    file, kind = form.get("file"), str(form.get("response_format") or "json")
    if not isinstance(file, UploadFile):
        raise Refusal(400, "The form has no “file”.", "bad_input")
    if kind not in _FORMS:
        raise Refusal(400, f"“response_format” must be one of {', '.join(_FORMS)}.", "unsupported")
    if form.get("stream") == "true":
        raise Refusal(400, "Transcripts come whole, not in pieces.", "unsupported")
    fields = {name: str(form.get(name) or "") for name in ("model", "language", "prompt")}
    language = fields["language"] or "auto"
    words = fields["prompt"][:600]
    of_words = "word" in form.getlist("timestamp_granularities[]")
    return Recording(await file.read(), fields["model"], language, words, kind, english, of_words)


def transcript(recording: Recording, result: Mapping[str, Any]) -> Response:
    """Return the answer in the form that was asked for."""
    segments: Sequence[Mapping[str, Any]] = result["segments"]
    if recording.form == "text":
        return PlainTextResponse(f"{result['text']}\n")
    cues = (
        Cue(float(segment["start"]), float(segment["end"]), str(segment["text"]))
        for segment in segments
    )
    if recording.form in _SUBTITLES:
        return PlainTextResponse(_SUBTITLES[recording.form](cues))
    if recording.form == "json":
        return JSONResponse({"text": result["text"]})
    return JSONResponse(
        {
            "task": "translate" if recording.english else "transcribe",
            "language": result["language"],
            "duration": result["duration"],
            "text": result["text"],
            "segments": [_segment(n, segment) for n, segment in enumerate(segments)],
            **({"words": _words(segments)} if recording.of_words else {}),
        }
    )


def _segment(number: int, segment: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": number, **{name: segment[name] for name in ("start", "end", "text")}}


def _words(segments: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    words = [word for segment in segments for word in segment.get("words", ())]
    return [{"word": word["text"], "start": word["start"], "end": word["end"]} for word in words]
