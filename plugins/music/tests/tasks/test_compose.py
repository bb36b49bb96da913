"""A piece is written as asked: checked, tried again where a check fails, told in its record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from plugins.music.tests.tasks.music_tasks import TASKS, models, replace, run, score_of, tune  # noqa: E402
from studio.api import BadInput  # noqa: E402
from studio.testing.plugins import run_task  # noqa: E402
from studio_music.audio.audio_files import read_wav  # noqa: E402
from studio_music.compose.prompt.request import TuneRequest  # noqa: E402
from studio_music.schema import Compose  # noqa: E402
from studio_music.score.piece import Metre, Piece  # noqa: E402

pytestmark = pytest.mark.torch


def test_a_piece_is_written_as_asked_and_heard() -> None:
    made = run("compose", prompt="8 bars, calm, D minor, 90 bpm, waltz", temperature=0.5)
    piece = score_of(made)
    assert (str(piece.key), str(piece.metre), piece.tempo) == ("D minor", "3/4", 90)
    assert piece.end == piece.length == 8 * piece.metre.bar
    assert [track.role for track in piece.tracks] == ["melody", "chords", "bass", "drums"]
    assert piece.title == "Calm waltz in D minor"
    score, audio = made.artifacts
    samples, rate = read_wav(audio.payload)
    assert len(samples) / rate >= piece.seconds(piece.end)
    assert audio.verdict is not None
    assert audio.verdict.passed
    assert score.preview.startswith(b"\x89PNG")
    assert score.text.splitlines()[1] == "8 bars, calm, D minor, 90 bpm, waltz"
    result = made.result
    told = {name: result[name] for name in ("title", "key", "metre", "tempo", "bars", "genre")}
    assert told == {
        "title": piece.title,
        "key": "D minor",
        "metre": "3/4",
        "tempo": 90,
        "bars": 8,
        "genre": "waltz",
    }
    assert result["notes"] == sum(len(track.notes) for track in piece.tracks)
    assert {check["name"] for check in result["checks"]} >= {"key", "tempo", "metre", "length"}


def test_sound_of_exactly_so_many_seconds_lasts_as_long_and_ends_softly() -> None:
    made = run("compose", prompt="exactly 8 seconds, calm piano, no backing")
    sound, rate = read_wav(made.artifacts[1].payload)
    assert abs(len(sound) / rate - 8) < 0.1
    assert abs(sound[-50:]).max() < 0.01, "what would ring on is faded"
    assert made.result["duration"] == pytest.approx(8, abs=0.1)
    rings = run("compose", prompt="4 bars at 120, calm piano, no backing")
    sound, rate = read_wav(rings.artifacts[1].payload)
    assert len(sound) / rate > 8.1, "the control: where no length is asked for it rings on"


@pytest.mark.parametrize(
    ("scale", "has", "lacks"),
    [
        ("dorian", 11, 10),
        ("mixolydian", 0, 1),
        ("lydian", 8, 7),
        ("phrygian", 3, 4),
        ("aeolian", 0, 1),
    ],
)
def test_old_modes_are_composed(scale: str, has: int, lacks: int) -> None:
    made = run("compose", prompt=f"16 bars, D {scale}, no backing", audio=False)
    tones = {note.pitch % 12 for note in score_of(made).tracks[0].notes}
    assert has in tones
    assert lacks not in tones
    assert made.result["title"].endswith(f"D {scale}")
    assert made.result["key"] == made.artifacts[0].meta["key"] == f"D {scale}"
    assert f"in D {scale}, " in made.artifacts[0].text
    (key,) = (check for check in made.result["checks"] if check["name"] == "key")
    assert f"100% of notes in the scale of D {scale}" in key["evidence"]


@pytest.mark.parametrize("metre", ["5/4", "7/8"])
def test_five_and_seven_beats_are_composed_with_their_backing(metre: str) -> None:
    made = run("compose", prompt=f"8 bars, {metre}", audio=False)
    piece = score_of(made)
    assert str(piece.metre) == made.result["metre"] == metre
    assert piece.end == piece.length == 8 * piece.metre.bar
    assert [track.role for track in piece.tracks] == ["melody", "chords", "bass", "drums"]
    failed = {check["name"] for check in made.result["checks"] if not check["passed"]}
    assert not failed & {"metre", "length", "bars add up"}


def test_a_lullaby_has_no_drums_and_all_else_of_its_backing() -> None:
    piece = score_of(run("compose", prompt="4 bars, music-box lullaby", audio=False))
    assert [track.role for track in piece.tracks] == ["melody", "chords", "bass"]
    assert piece.tracks[0].program == 10


def test_the_record_says_how_it_was_made() -> None:
    made = run("compose", seed=11, prompt="4 bars", audio=False, key="G major")
    meta = made.artifacts[0].meta
    assert meta["task"] == "music.compose"
    assert Compose.parse(meta["params"]).prompt == "4 bars"
    assert meta["params"]["seed"] == 11
    assert meta["request"]["bars"] == 4
    assert meta["request"]["key"] == {"tonic": "G", "mode": "major"}
    again = run_task(
        TASKS["music.compose"], Compose.parse(meta["params"]), seed=11, models=models()
    )
    assert again.artifacts[0].payload == made.artifacts[0].payload


def test_the_same_seed_gives_the_same_notes_and_samples() -> None:
    first, second, other = (run("compose", seed=seed, prompt="4 bars in F") for seed in (1, 1, 2))
    for one, two in zip(first.artifacts, second.artifacts, strict=True):
        assert one.payload == two.payload
    assert score_of(first).tracks != score_of(other).tracks


def test_without_a_backing_the_tune_is_alone() -> None:
    made = run("compose", prompt="4 bars, no backing", audio=False)
    assert [track.role for track in score_of(made).tracks] == ["melody"]
    assert len(made.artifacts) == 1


def test_what_was_not_understood_is_told() -> None:
    made = run("compose", prompt="4 bars like Beethoven in C", audio=False)
    assert "“Beethoven” was not understood." in made.result["remarks"]
    assert "“Beethoven” was not understood." in made.result["note"]
    assert "“Beethoven” was not understood." in made.artifacts[0].meta["remarks"]


def test_progress_goes_from_nothing_to_all() -> None:
    made = run("compose", prompt="4 bars in C", temperature=0.5)
    shares = [event.done / event.total for event in made.progress]
    words = {event.message for event in made.progress}
    assert "Rendering the sound" in words
    assert "Playing" not in words, "nothing is heard yet"
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] > 0.95


@pytest.mark.parametrize("stop_after", [1, 3, 10, 40])
def test_stop_is_heeded_at_the_next_step(stop_after: int) -> None:
    made = run("compose", prompt="64 bars in C", stop_after=stop_after)
    assert made.cancelled
    assert made.steps == stop_after
    assert not made.artifacts


class Writer:
    """Writes what it is told to, and remembers the seeds it was given."""

    def __init__(self, *tunes: Piece) -> None:
        self.tunes = list(tunes)
        self.seeds: list[int] = []

    def __call__(
        self, model: Any, request: TuneRequest, rng: Any, at_once: int
    ) -> Iterator[float | Piece]:
        self.seeds.append(rng.initial_seed())
        yield 0.5
        yield self.tunes.pop(0)


def scripted(monkeypatch: pytest.MonkeyPatch, *tunes: Piece) -> Writer:
    writer = Writer(*tunes)
    monkeypatch.setattr("studio_music.compose.tunes.composer.write", writer)
    return writer


ASK = "4 bars, D minor, 100 bpm, no backing"


def too_short() -> Piece:
    return tune(2)


def too_fast() -> Piece:
    return replace(tune(2), tempos=(replace(tune().tempos[0], bpm=200.0),))


def test_a_failed_check_is_tried_again_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = scripted(monkeypatch, too_short(), tune())
    made = run("compose", prompt=ASK, audio=False)
    assert made.result["passed"]
    assert [each["failed"] for each in made.result["attempts"]] == [["length"], []]
    assert [each["seed"] for each in made.result["attempts"]] == writer.seeds
    assert len(set(writer.seeds)) == 2
    assert made.result["remarks"] == ["Composed again once because a check failed."]
    assert made.artifacts[0].meta["attempts"] == made.result["attempts"]


def test_after_three_more_attempts_the_best_is_kept_and_what_fails_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer = scripted(monkeypatch, too_fast(), too_short(), too_fast(), too_fast(), tune())
    made = run("compose", prompt=ASK, audio=False)
    assert len(writer.tunes) == 1, "it is written four times at most"
    assert not made.result["passed"]
    assert score_of(made).tempo == 100
    verdict = made.artifacts[0].verdict
    assert verdict is not None
    assert [check.name for check in verdict.checks if not check.passed] == ["length"]
    assert made.result["remarks"] == ["After 4 attempts, these checks still fail: length."]


def test_a_good_first_attempt_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = scripted(monkeypatch, tune(), tune())
    made = run("compose", prompt=ASK, audio=False)
    assert len(writer.tunes) == 1
    assert made.result["remarks"] == []
    assert "note" not in made.result


def test_an_instrument_that_was_asked_for_plays_within_its_range(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, program, moved in (("cello", 42, 0), ("piccolo", 72, 12)):
        scripted(monkeypatch, tune())
        made = run("compose", prompt=f"4 bars in D minor on the {name}, 100 bpm", audio=False)
        track = score_of(made).tracks[0]
        assert track.program == program
        before = [note.pitch for note in tune().tracks[0].notes]
        assert [note.pitch - moved for note in track.notes] == before


@pytest.mark.parametrize("ask", ["0 bpm", "10000 bpm", "0 bars", "11/8"])
def test_an_ask_that_cannot_be_met_is_refused_before_any_weights_are_loaded(ask: str) -> None:
    params = Compose.parse({"prompt": ask, "weights": "none"})
    with pytest.raises(BadInput):
        run_task(TASKS["music.compose"], params, models={})


def test_the_metre_is_kept_in_other_metres_too() -> None:
    made = run("compose", prompt="4 bars of 9/8 in G", audio=False, temperature=0.5)
    assert score_of(made).metre == Metre(9, 8)
