"""The bench ``voice-round-trip``: sentences read aloud, then written down again.

STUDIO_BENCH_SENTENCES is how many (200). The speech is our own, in five voices, so it is clearer
than a person's. Where the package faster-whisper is installed, it writes the same recordings down
with the same weights.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from scipy.signal import resample_poly

from studio.api import BenchContext, finished
from studio_voice.bench.sentences import SENTENCES
from studio_voice.kokoro import weights as kokoro_weights
from studio_voice.kokoro.weights import RATE, Sound
from studio_voice.pronunciation import weights as pronunciation_weights
from studio_voice.speech.recordings import RATE as HEARD_RATE
from studio_voice.whisper import ctranslate2_file, decoder
from studio_voice.whisper import weights as whisper_weights
from studio_voice.whisper.spectrogram import spectrogram

VOICES: Final = ("af_heart", "bm_george", "am_michael", "bf_emma", "af_bella")
_AT_ONCE: Final = 4

Words = list[str]


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the share of words that came back, and what speaking and listening cost."""
    count = min(len(SENTENCES), int(os.environ.get("STUDIO_BENCH_SENTENCES", len(SENTENCES))))
    sentences = SENTENCES[:count]
    speaking = time.process_time()
    sounds = _spoken(ctx, sentences)
    seconds = sum(len(sound) for sound in sounds) / RATE
    heard = [resample_poly(s, HEARD_RATE, RATE).astype(np.float32) for s in sounds]
    listening = time.process_time()
    path = ctx.weights_path(ctx.weights_for(whisper_weights.CAPABILITY, "whisper-base"))
    ours = _written(ctx, path, heard)
    done = time.process_time()
    found: dict[str, Any] = {
        "words_back": round(1 - _errors(sentences, ours), 4),
        "sentences": count,
        "seconds_of_speech": round(seconds, 1),
        "speaking_cpu_per_second": round((listening - speaking) / seconds, 3),
        "listening_cpu_per_second": round((done - listening) / seconds, 3),
        "threads": torch.get_num_threads(),
    }
    if (theirs := _faster_whisper(ctx, path)) is not None:
        began = time.process_time()
        texts = [theirs(sound) for sound in heard]
        cost = (time.process_time() - began) / seconds
        found = {
            "ratio": round(cost / ((done - listening) / seconds), 3),
            **found,
            "words_back_faster_whisper": round(1 - _errors(sentences, texts), 4),
            "listening_cpu_per_second_faster_whisper": round(cost, 3),
        }
    return found


def _spoken(ctx: BenchContext, sentences: Sequence[str]) -> list[Sound]:
    path = ctx.weights_path(ctx.weights_for(kokoro_weights.CAPABILITY))
    speaker = finished(kokoro_weights.loader().load(path, "cpu"))
    speller = finished(
        pronunciation_weights.loader().load(ctx.weights_path("pronunciation"), "cpu")
    )

    def guess(word: str, accent: str) -> str:
        return speller.say([word], accent)[0]

    sounds = []
    for number, (sentence, voice) in enumerate(zip(sentences, cycle(VOICES)), 1):
        ctx.say(f"Speaking: {number} of {len(sentences)}")
        accent = "gb" if voice.startswith("b") else "us"
        said, _guessed = speaker.lexicon.sounds(sentence, accent, guess)
        sounds.append(speaker.say(said, voice, 1.0))
    return sounds


def _written(ctx: BenchContext, path: Path, sounds: Sequence[Sound]) -> list[str]:
    model = finished(whisper_weights.loader().load(path, "cpu"))
    prompt = model.tokens.prompt("en", translate=False)
    generator = torch.Generator().manual_seed(0)
    texts = []
    for first in range(0, len(sounds), _AT_ONCE):
        ctx.say(f"Listening: {first} of {len(sounds)}")
        some = sounds[first : first + _AT_ONCE]
        heard = torch.stack([spectrogram(s, model.network.sizes.mels) for s in some])
        with torch.inference_mode():
            encoded = model.network.encode(heard)
        drafts = finished(
            decoder.write_down(model.network, encoded, model.tokens, prompt, generator)
        )
        texts += [model.tokens.text(draft.tokens) for draft in drafts]
    return texts


def _faster_whisper(ctx: BenchContext, path: Path) -> Callable[[Sound], str] | None:
    """Return the peer with the same weights; None where it is not installed."""
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        return None
    folder = ctx.scratch / "whisper"
    folder.mkdir()
    contents = ctranslate2_file.contents(path)
    tokenizer, config = ctranslate2_file.texts(path, contents)
    with path.open("rb") as file:
        (folder / "model.bin").write_bytes(file.read(contents.tail))
    (folder / "tokenizer.json").write_text(tokenizer, "utf-8")
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    vocabulary = json.loads(tokenizer)
    words = {**vocabulary["model"]["vocab"]}
    words.update({each["content"]: each["id"] for each in vocabulary["added_tokens"]})
    listed = [word for word, _ in sorted(words.items(), key=lambda item: item[1])]
    (folder / "vocabulary.json").write_text(json.dumps(listed), "utf-8")
    threads = torch.get_num_threads()
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)

    def listen(sound: Sound) -> str:
        segments, _info = model.transcribe(sound, beam_size=1, language="en")
        return " ".join(segment.text for segment in segments)

    return listen


def _errors(sentences: Sequence[str], texts: Sequence[str]) -> float:
    """Return the word error rate: words that are wrong, missing or too many, by words said."""
    wrong = said = 0
    for sentence, text in zip(sentences, texts):
        wanted, made = _words(sentence), _words(text)
        wrong, said = wrong + edit_distance(wanted, made), said + len(wanted)
    return wrong / said


def _words(text: str) -> Words:
    return re.findall(r"[a-z']+", text.lower())


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Return how many parts of ``a`` are wrong, missing or too many in ``b`` (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]
