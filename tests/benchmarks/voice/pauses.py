"""The bench ``voice-pauses``: talks with pauses of one second to a minute, written down.

Each talk is five sentences of ``sentences.py``, read aloud and put together with pauses that the
number of the talk decides. STUDIO_BENCH_VOICE_TALKS is how many (30). A sentence is there if half
of its words stand, in order, in the transcript.
"""

from __future__ import annotations

import io
import os
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import soundfile

from benchmarks.voice.round_trip import VOICES, edit_distance, speaker, words_of
from benchmarks.voice.sentences import SENTENCES
from studio.api import BenchContext
from studio_voice.kokoro.weights import RATE, Sound

_SENTENCES: Final = 5
_PAUSES: Final = (1.0, 60.0)
"""Seconds; drawn so that each doubling is as likely."""
_THERE: Final = 0.5


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Count the sentences that are missing, and the words whose times leave their segment."""
    speak = speaker(ctx)
    talks = int(os.environ.get("STUDIO_BENCH_VOICE_TALKS", "30"))
    missing: list[str] = []
    marks = outside = words = 0
    for number in range(talks):
        ctx.say(f"Talk {number + 1} of {talks}")
        chosen = random.Random(number)
        sentences = chosen.sample(SENTENCES, _SENTENCES)
        voice = VOICES[number % len(VOICES)]
        sound = _talk([speak(sentence, voice) for sentence in sentences], chosen)
        made = ctx.run("voice.transcribe", {"language": "en"}, inputs={"sound": _wav(sound)})
        text = words_of(made["text"])
        missing += [sentence for sentence in sentences if not _stands(sentence, text)]
        for segment in made["segments"]:
            marks += segment["text"] == "[inaudible]"
            for word in segment.get("words", ()):
                words += 1
                outside += not segment["start"] <= word["start"] <= word["end"] <= segment["end"]
    return {
        "talks": talks,
        "sentences": talks * _SENTENCES,
        "missing": len(missing),
        "inaudible_marks": marks,
        "words": words,
        "words_outside_their_segment": outside,
        "which": missing,
    }


def _talk(sounds: Sequence[Sound], chosen: random.Random) -> Sound:
    """Put sentences together, a pause before each and one behind the last."""
    parts: list[Sound] = []
    shortest, longest = _PAUSES
    for sound in sounds:
        pause = shortest * (longest / shortest) ** chosen.random()
        parts += [np.zeros(round(pause * RATE), np.float32), sound]
    return np.concatenate([*parts, np.zeros(RATE, np.float32)])


def _wav(sound: Sound) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="WAV")
    return file.getvalue()


def _stands(sentence: str, text: Sequence[str]) -> bool:
    """Tell whether most words of a sentence stand somewhere in a text, one behind the other."""
    wanted = words_of(sentence)
    return any(
        edit_distance(wanted, text[first : first + len(wanted)]) <= (1 - _THERE) * len(wanted)
        for first in range(max(1, len(text) - len(wanted) + 2))
    )
