"""A recording becomes a score that other tasks take; what cannot be one is told in a sentence."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from benchmarks.music import transcription as bench
from plugins.music.tests.tasks.music_tasks import plain, run, score_of
from studio.api import BadInput, finished
from studio_music.audio.audio_files import wav
from studio_music.audio.synth.builtin_synth import BuiltinSynth
from studio_music.audio.synth.protocol import Tones
from studio_music.audio.transcription import weights
from studio_music.audio.transcription.network import RATE
from studio_music.audio.transcription.note_events import NoteEvent
from studio_music.score.piece import Piece
from studio_music.tasks import transcription

pytestmark = pytest.mark.torch

FILE = Path(__file__).parents[4] / "resources/weights/basic-pitch.safetensors"


@pytest.fixture(scope="module")
def lent() -> dict[str, Any]:
    return {"ears": finished(weights.loader().load(FILE, "cpu"))}


def written(path: Path, lent: dict[str, Any], samples: Any, rate: int = RATE, **values: Any) -> Any:
    path.write_bytes(wav(np.asarray(samples, np.float32)[:, None], rate))
    return run("transcribe", lent=lent, sound=str(path), weights="ears", **values)


def tones(*pitches: int, seconds: float = 0.5, rate: int = RATE) -> Any:
    time = np.arange(round(seconds * rate)) / rate
    fade = np.minimum(1, time * 80) * np.exp(-3 * time)
    return np.concatenate(
        [
            fade
            * sum(0.6**k * np.sin(2 * np.pi * _hertz(pitch) * (k + 1) * time) for k in range(5))
            for pitch in pitches
        ]
    )


def _hertz(pitch: int) -> float:
    return float(440 * 2 ** ((pitch - 69) / 12))


def test_a_scale_is_written_down_on_its_beats(tmp_path: Path, lent: dict[str, Any]) -> None:
    scale = (60, 62, 64, 65, 67, 69, 71, 72)
    made = written(tmp_path / "scale.wav", lent, tones(*scale, rate=44_100) / 4, 44_100)
    piece = score_of(made)
    assert [note.pitch for note in piece.tracks[0].notes] == list(scale)
    assert str(piece.key) == made.result["key"] == "C major"
    assert piece.title == "scale"
    assert (
        len({b.start - a.start for a, b in zip(piece.tracks[0].notes, piece.tracks[0].notes[1:])})
        == 1
    )
    told = made.result["notes"]
    assert [note["pitch"] for note in told] == list(scale)
    assert [note["start"] for note in told] == pytest.approx([0.5 * n for n in range(8)], abs=0.03)
    assert made.result["melody"]
    assert made.result["passed"]


def test_chords_are_written_with_all_their_notes(tmp_path: Path, lent: dict[str, Any]) -> None:
    chords = [(60, 64, 67), (57, 60, 65), (59, 62, 67), (60, 64, 67)]
    parts = [sum(tones(pitch, seconds=1.0) for pitch in chord) for chord in chords]
    sound = np.concatenate(parts) / 8
    made = written(tmp_path / "chords.wav", lent, sound)
    together = {}
    for note in score_of(made).tracks[0].notes:
        together.setdefault(note.start, set()).add(note.pitch)
    assert [set(chord) for chord in chords] == list(together.values())
    assert not made.result["melody"]
    line = written(tmp_path / "chords.wav", lent, sound, lines="melody")
    assert line.result["melody"]
    assert len(score_of(line).tracks[0].notes) == 4


def test_what_was_written_can_be_harmonised(tmp_path: Path, lent: dict[str, Any]) -> None:
    made = written(tmp_path / "tune.wav", lent, tones(67, 69, 71, 72, 74, 72, 71, 67) / 4)
    four = run("harmonise", piece=plain(score_of(made)), passes=1, audio=False)
    assert len(score_of(four).tracks) == 4


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(RATE), "No notes were heard in “it”"),
        (np.zeros(0), "is empty"),
        (np.sin(np.arange(100)), "No notes were heard"),
    ],
)
def test_nothing_to_hear_is_told(
    tmp_path: Path, lent: dict[str, Any], samples: Any, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        written(tmp_path / "it.wav", lent, samples)


def test_noise_is_called_uncertain(tmp_path: Path, lent: dict[str, Any]) -> None:
    noise = np.random.default_rng(0).normal(0, 0.2, RATE * 6)
    made = written(tmp_path / "noise.wav", lent, noise)
    assert "uncertain" in made.result["note"]
    assert "note" not in written(tmp_path / "tone.wav", lent, tones(60, 64, 67)).result


def test_too_long_a_recording_is_refused_before_it_is_heard(
    tmp_path: Path, lent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcription, "LONGEST", 60)
    with pytest.raises(BadInput, match="lasts 2 minutes; the limit is 1"):
        written(tmp_path / "long.wav", {}, np.zeros(1000 * 120), 1000)


@pytest.mark.slow
def test_a_melody_of_each_instrument_is_found_as_it_was_played(lent: dict[str, Any]) -> None:
    """A small part of the bench, by the same rules."""
    counts = np.zeros(3)
    for seed, program in enumerate(bench.INSTRUMENTS.values()):
        piece, tones = bench.melody(seed, program), Tones(BuiltinSynth(RATE))
        heard = bench.heard(lent["ears"].network, bench.played(piece, tones))
        counts += bench.matched(piece, bench.one_line(bench.note_events(heard, 0.5, 0.06)))
    hits, played, found = counts
    assert 2 * hits / (played + found) >= 0.9


@pytest.mark.slow
def test_the_bench_tells_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "MELODIES", 1)
    monkeypatch.setattr(bench, "INSTRUMENTS", {"piano": 0})
    ctx = SimpleNamespace(
        say=lambda text: None,
        weights_for=lambda *asked: "basic-pitch",
        weights_path=lambda id: FILE,
    )
    figures = bench.measure(ctx)
    assert next(iter(figures)) == "ratio"
    assert figures["instruments"]["piano"]["f1"] == figures["ratio"] >= 0.9


def test_the_bench_counts_a_note_only_where_and_when_it_was_played() -> None:
    piece: Piece = bench.melody(0, 0)
    right = [NoteEvent(piece.seconds(n.start), 0.0, n.pitch, 1.0) for n in piece.tracks[0].notes]
    count = len(right)
    assert bench.matched(piece, right) == (count, count, count)
    late = [each._replace(start=each.start + 0.06) for each in right]
    higher = [each._replace(pitch=each.pitch + 12) for each in right]
    for wrong in (late, higher, []):
        assert bench.matched(piece, wrong) == (0, count, len(wrong))
