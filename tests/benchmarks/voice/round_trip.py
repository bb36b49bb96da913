"""The bench ``voice-round-trip``: sentences read aloud, then written down again.

STUDIO_BENCH_VOICE_SENTENCES is how many (200), …_LOG a file (JSON lines) that a run goes on from
where it was ended, …_FIRST how many beginnings are timed as a conversation hears them (20). The
speech is our own, in five voices, so it is clearer than a person's. Where the package
faster-whisper is installed, it writes the same recordings down with the same weights.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import torch
from scipy.signal import resample_poly

from benchmarks.voice.sentences import SENTENCES
from studio.api import BenchContext, finished
from studio_voice.kokoro import weights as kokoro_weights
from studio_voice.kokoro.weights import RATE, Sound
from studio_voice.pronunciation import weights as pronunciation_weights
from studio_voice.pronunciation.numbers import read_out
from studio_voice.pronunciation.sentence_stream import SentenceStream
from studio_voice.speech.recordings import RATE as HEARD_RATE
from studio_voice.whisper import ctranslate2_file, decoder
from studio_voice.whisper import weights as whisper_weights
from studio_voice.whisper.spectrogram import spectrogram

VOICES: Final = ("af_heart", "bm_george", "am_michael", "bf_emma", "af_bella")
_AT_ONCE: Final = 4
"""Sentences that are said, then written down by both: other load of the machine hits them alike."""

Words = list[str]
Listen = Callable[[Sequence[Sound]], list[str]]


class Batch(msgspec.Struct):
    """Sentences that were said and written down.

    Attributes:
        first: The number of the first of them, from 0.
        seconds: Of speech.
        speaking, listening, listening_theirs: Processor seconds.
        ours, theirs: What was written; ``theirs`` is empty without the peer.
    """

    first: int
    seconds: float
    speaking: float
    listening: float
    ours: list[str]
    theirs: list[str] = []
    listening_theirs: float = 0.0


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the share of words that came back, and what speaking and listening cost."""
    count = min(len(SENTENCES), int(_setting("SENTENCES", str(len(SENTENCES)))))
    log = Path(_setting("LOG", "") or ctx.scratch / "batches.jsonl")
    done = _logged(log)
    firsts = range(0, count, _AT_ONCE)
    if any(first not in done for first in firsts):
        speak, listen, listen_theirs = speaker(ctx), *_listeners(ctx)
    for first in firsts:
        if first not in done:
            ctx.say(f"Sentences: {first} of {count}")
            sentences = SENTENCES[first : first + _AT_ONCE]
            done[first] = _batch(first, sentences, speak, listen, listen_theirs)
            with log.open("ab") as file:
                file.write(msgspec.json.encode(done[first]) + b"\n")
    batches = [done[first] for first in firsts]
    sentences = SENTENCES[: firsts[-1] + _AT_ONCE]
    seconds = sum(each.seconds for each in batches)
    ours = [text for each in batches for text in each.ours]
    listening = sum(each.listening for each in batches)
    found: dict[str, Any] = {
        "words_back": round(1 - _errors(sentences, ours), 4),
        "sentences": len(ours),
        "seconds_of_speech": round(seconds, 1),
        "speaking_cpu_per_second": round(sum(each.speaking for each in batches) / seconds, 3),
        "listening_cpu_per_second": round(listening / seconds, 3),
        "threads": torch.get_num_threads(),
    }
    if all(each.theirs for each in batches):
        theirs = [text for each in batches for text in each.theirs]
        cost = sum(each.listening_theirs for each in batches)
        found = {
            "ratio": round(cost / listening, 3),
            **found,
            "words_back_faster_whisper": round(1 - _errors(sentences, theirs), 4),
            "listening_cpu_per_second_faster_whisper": round(cost / seconds, 3),
        }
    wrong = [pair for pair in zip(sentences, ours) if words_of(pair[0]) != words_of(pair[1])]
    return {**found, **_first_sounds(ctx), "misheard": [" → ".join(pair) for pair in wrong]}


def _setting(name: str, default: str) -> str:
    return os.environ.get(f"STUDIO_BENCH_VOICE_{name}", default)


def _logged(log: Path) -> dict[int, Batch]:
    """Return what was done before; a line that a sudden end tore was not."""
    done: dict[int, Batch] = {}
    if log.is_file():
        for line in log.read_bytes().splitlines():
            with contextlib.suppress(msgspec.DecodeError):
                batch = msgspec.json.decode(line, type=Batch)
                done[batch.first] = batch
    return done


def _batch(
    first: int,
    sentences: Sequence[str],
    speak: Callable[[str, str], Sound],
    listen: Listen,
    listen_theirs: Listen | None,
) -> Batch:
    times = [time.process_time()]
    sounds = [
        speak(sentence, VOICES[number % len(VOICES)])
        for number, sentence in enumerate(sentences, first)
    ]
    heard = [resample_poly(s, HEARD_RATE, RATE).astype(np.float32) for s in sounds]
    times.append(time.process_time())
    ours = listen(heard)
    times.append(time.process_time())
    theirs = listen_theirs(heard) if listen_theirs else []
    times.append(time.process_time())
    seconds = sum(len(sound) for sound in sounds) / RATE
    spoke, wrote, wrote_theirs = (after - before for before, after in itertools.pairwise(times))
    return Batch(first, seconds, spoke, wrote, ours, theirs, wrote_theirs)


def _first_sounds(ctx: BenchContext) -> dict[str, Any]:
    """Return how long it takes until an answer is heard: from its first words to their sound."""
    count = int(_setting("FIRST", "20"))
    waits: list[float] = []
    for number, sentence in enumerate(SENTENCES[: count + 1]):
        stream = SentenceStream()
        words = (part for word in sentence.split() for part in stream.add(f"{word} "))
        begins = next(words, "") or sentence
        wish = {"text": begins, "voice": VOICES[number % len(VOICES)]}
        began = time.monotonic()
        ctx.run("voice.speak", wish)
        waits.append(time.monotonic() - began)
    if not count:
        return {}
    waits = waits[1:]  # the voice is loaded while the question is still asked
    return {
        "first_sound_seconds": round(statistics.median(waits), 2),
        "first_sound_slowest": round(max(waits), 2),
        "load": os.getloadavg()[0],
    }


def speaker(ctx: BenchContext) -> Callable[[str, str], Sound]:
    path = ctx.weights_path(ctx.weights_for(kokoro_weights.CAPABILITY))
    speaker = finished(kokoro_weights.loader().load(path, "cpu"))
    speller = finished(
        pronunciation_weights.loader().load(ctx.weights_path("pronunciation"), "cpu")
    )

    def guess(word: str, accent: str) -> str:
        return speller.say([word], accent)[0]

    def speak(sentence: str, voice: str) -> Sound:
        accent = "gb" if voice.startswith("b") else "us"
        said, _guessed = speaker.lexicon.sounds(sentence, accent, guess)
        return speaker.say(said, voice, 1.0)

    return speak


def _listeners(ctx: BenchContext) -> tuple[Listen, Listen | None]:
    """Return what writes sounds down: ours, and the peer with the same weights, if it is there."""
    path = ctx.weights_path(ctx.weights_for(whisper_weights.CAPABILITY, "whisper-base"))
    model = finished(whisper_weights.loader().load(path, "cpu"))
    prompt = model.tokens.prompt("en", translate=False)
    generator = torch.Generator().manual_seed(0)

    def listen(sounds: Sequence[Sound]) -> list[str]:
        heard = torch.stack([spectrogram(s, model.network.sizes.mels) for s in sounds])
        with torch.inference_mode():
            encoded = model.network.encode(heard)
        drafts = finished(
            decoder.write_down(model.network, encoded, model.tokens, prompt, generator)
        )
        return [model.tokens.text(draft.tokens) for draft in drafts]

    theirs = _faster_whisper(ctx, path)
    return listen, theirs and (lambda sounds: [theirs(sound) for sound in sounds])


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
        wanted, made = words_of(sentence), words_of(text)
        wrong, said = wrong + edit_distance(wanted, made), said + len(wanted)
    return wrong / said


def words_of(text: str) -> Words:
    """Return the words; a number that was written in digits counts as what was said."""
    return re.findall(r"[a-z']+", read_out(text).lower())


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Return how many parts of ``a`` are wrong, missing or too many in ``b`` (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]
