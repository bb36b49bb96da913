"""The tasks in process: what comes out, what is refused, what stays the same, how they stop."""

from __future__ import annotations

import io
import struct
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from studio.api import BadInput, Kind, Params  # noqa: E402
from studio.testing import short_memory  # noqa: E402
from studio.testing.plugins import Made, run_task  # noqa: E402
from studio_music import worker  # noqa: E402
from studio_music.chorales.network import ChoraleNetwork  # noqa: E402
from studio_music.chorales.weights import Chorales  # noqa: E402
from studio_music.formats.midi import files  # noqa: E402
from studio_music.piece import TICKS, Key, Metre, Note, Piece, Track  # noqa: E402
from studio_music.prompt.request import TuneRequest  # noqa: E402
from studio_music.schema import Back, Compose, Harmonise, Open, Render  # noqa: E402
from studio_music.sound.audio_files import read_wav  # noqa: E402
from studio_music.sound.mix import render  # noqa: E402
from studio_music.tunes.network import TuneNetwork  # noqa: E402
from studio_music.tunes.weights import Tunes  # noqa: E402

pytestmark = pytest.mark.torch

TASKS = worker.studio_tasks()
SCHEMAS: dict[str, type[Params]] = {
    "compose": Compose,
    "harmonise": Harmonise,
    "back": Back,
    "render": Render,
    "open": Open,
}
replace = msgspec.structs.replace


def models() -> dict[str, Any]:
    """Networks that have learned nothing: the grammar alone keeps them to what was asked."""
    torch.manual_seed(5)
    return {
        "tunes": Tunes(TuneNetwork("gru", 32, 1).eval(), {}),
        "chorales": Chorales(ChoraleNetwork("gru", 32, 1).eval()),
    }


def run(
    name: str,
    seed: int = 3,
    stop_after: int | None = None,
    lent: dict[str, Any] | None = None,
    piece: Any = None,
    **values: Any,
) -> Made:
    weights = {"compose": "tunes", "harmonise": "chorales"}.get(name)
    given = values | ({"weights": weights} if weights else {})
    params = SCHEMAS[name].parse(given)
    task = TASKS[f"music.{name}"]
    inputs = {} if piece is None else {"piece": piece}
    return run_task(
        task, params, seed=seed, models=lent or models(), inputs=inputs, stop_after=stop_after
    )


def tune(bars: int = 4) -> Piece:
    pitches = ([62, 65, 69, 65, 64, 67, 69, 64] * bars)[: 2 * bars]
    notes = [Note(place * 960, pitch, 960) for place, pitch in enumerate(pitches)]
    notes[-1] = replace(notes[-1], pitch=62)
    return Piece(
        "A tune",
        Key("D", "minor"),
        length=bars * 4 * TICKS,
        tracks=(Track("Tune", tuple(notes), role="melody"),),
    )


def plain(piece: Piece) -> dict[str, Any]:
    return msgspec.to_builtins(piece)


def score_of(made: Made) -> Piece:
    artifact = made.artifacts[0]
    assert (artifact.kind, artifact.suffix) == (Kind.SCORE, ".mid")
    return files.read(artifact.payload).piece


@pytest.fixture
def score_file(tmp_path: Path) -> Path:
    path = tmp_path / "given.mid"
    path.write_bytes(files.write(tune()))
    return path


# --- compose ----------------------------------------------------------------------------------


def test_a_piece_is_written_as_asked_and_heard() -> None:
    made = run("compose", ask="8 bars, calm, D minor, 90 bpm, waltz", temperature=0.5)
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


def test_the_record_says_how_it_was_made() -> None:
    made = run("compose", seed=11, ask="4 bars", audio=False, key="G major")
    meta = made.artifacts[0].meta
    assert meta["task"] == "music.compose"
    assert Compose.parse(meta["params"]).ask == "4 bars"
    assert meta["params"]["seed"] == 11
    assert meta["request"]["bars"] == 4
    assert meta["request"]["key"] == {"tonic": "G", "mode": "major"}
    again = run_task(
        TASKS["music.compose"], Compose.parse(meta["params"]), seed=11, models=models()
    )
    assert again.artifacts[0].payload == made.artifacts[0].payload


def test_the_same_seed_gives_the_same_notes_and_samples() -> None:
    first, second, other = (run("compose", seed=seed, ask="4 bars in F") for seed in (1, 1, 2))
    for one, two in zip(first.artifacts, second.artifacts, strict=True):
        assert one.payload == two.payload
    assert score_of(first).tracks != score_of(other).tracks


def test_without_a_backing_the_tune_is_alone() -> None:
    made = run("compose", ask="4 bars, no backing", audio=False)
    assert [track.role for track in score_of(made).tracks] == ["melody"]
    assert len(made.artifacts) == 1


def test_what_was_not_understood_is_told() -> None:
    made = run("compose", ask="4 bars like Beethoven in C", audio=False)
    assert "“Beethoven” was not understood." in made.result["remarks"]
    assert "“Beethoven” was not understood." in made.result["note"]
    assert "“Beethoven” was not understood." in made.artifacts[0].meta["remarks"]


def test_progress_goes_from_nothing_to_all() -> None:
    made = run("compose", ask="4 bars in C", temperature=0.5)
    shares = [event.done / event.total for event in made.progress]
    words = {event.message for event in made.progress}
    assert "Rendering the sound" in words
    assert "Playing" not in words, "nothing is heard yet"
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] > 0.95


@pytest.mark.parametrize("stop_after", [1, 3, 10, 40])
def test_stop_is_heeded_at_the_next_step(stop_after: int) -> None:
    made = run("compose", ask="64 bars in C", stop_after=stop_after)
    assert made.cancelled
    assert made.steps == stop_after
    assert not made.artifacts


# --- attempts ---------------------------------------------------------------------------------


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
    monkeypatch.setattr("studio_music.tunes.composer.write", writer)
    return writer


ASK = "4 bars, D minor, 100 bpm, no backing"


def too_short() -> Piece:
    return tune(2)


def too_fast() -> Piece:
    return replace(tune(2), tempos=(replace(tune().tempos[0], bpm=200.0),))


def test_a_failed_check_is_tried_again_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = scripted(monkeypatch, too_short(), tune())
    made = run("compose", ask=ASK, audio=False)
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
    made = run("compose", ask=ASK, audio=False)
    assert len(writer.tunes) == 1, "it is written four times at most"
    assert not made.result["passed"]
    assert score_of(made).tempo == 100
    verdict = made.artifacts[0].verdict
    assert verdict is not None
    assert [check.name for check in verdict.checks if not check.passed] == ["length"]
    assert made.result["remarks"] == ["After 4 attempts, these checks still fail: length."]


def test_a_good_first_attempt_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = scripted(monkeypatch, tune(), tune())
    made = run("compose", ask=ASK, audio=False)
    assert len(writer.tunes) == 1
    assert made.result["remarks"] == []
    assert "note" not in made.result


def test_an_instrument_that_was_asked_for_plays_within_its_range(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, program, moved in (("cello", 42, 0), ("piccolo", 72, 12)):
        scripted(monkeypatch, tune())
        made = run("compose", ask=f"4 bars in D minor on the {name}, 100 bpm", audio=False)
        track = score_of(made).tracks[0]
        assert track.program == program
        before = [note.pitch for note in tune().tracks[0].notes]
        assert [note.pitch - moved for note in track.notes] == before


# --- harmonise, back, render, open ------------------------------------------------------------


def test_a_melody_is_set_for_four_voices(score_file: Path) -> None:
    made = run("harmonise", melody=str(score_file), passes=2)
    piece = score_of(made)
    assert [track.role for track in piece.tracks] == ["soprano", "alto", "tenor", "bass voice"]
    assert piece.length == tune().length
    assert piece.tracks[0].notes == tune().tracks[0].notes
    assert made.artifacts[1].kind == Kind.AUDIO
    assert (made.result["voice"], made.result["title"]) == ("soprano", "A tune in four parts")
    same = run("harmonise", piece=plain(tune()), passes=2)
    assert score_of(same) == piece
    first, second = (read_wav(each.artifacts[1].payload)[0] for each in (made, same))
    assert np.array_equal(first, second)


def test_folders_of_the_user_stay_out_of_what_can_be_given_away(score_file: Path) -> None:
    made = run("harmonise", melody=str(score_file), passes=1)
    for artifact in made.artifacts:
        assert str(score_file.parent).encode() not in artifact.payload
        assert artifact.meta["params"]["melody"] == "given.mid"


def test_a_melody_for_another_voice_is_moved_and_that_is_said() -> None:
    made = run("harmonise", piece=plain(tune()), voice="bass", passes=1, audio=False)
    (remark,) = made.result["remarks"]
    assert "Moved 1 octave down" in remark
    assert score_of(made).tracks[3].notes[0].pitch == tune().tracks[0].notes[0].pitch - 12


def test_a_melody_gets_a_backing(score_file: Path) -> None:
    made = run("back", melody=str(score_file), genre="jazz", loop=True)
    piece = score_of(made)
    assert [track.role for track in piece.tracks] == ["melody", "chords", "bass", "drums"]
    assert made.result["chords"] == [chord.symbol for chord in piece.chords]
    audio = made.artifacts[1]
    samples, rate = read_wav(audio.payload)
    assert len(samples) == round(piece.seconds(piece.length) * rate)
    assert audio.verdict is not None
    assert "joint" in {check.name for check in audio.verdict.checks}
    assert audio.verdict.passed


@pytest.mark.parametrize("rate", ["44100", "48000"])
def test_a_score_is_rendered(score_file: Path, rate: str) -> None:
    made = run("render", score=str(score_file), sample_rate=rate)
    (audio,) = made.artifacts
    samples, real = read_wav(audio.payload)
    assert str(real) == rate
    assert audio.title == "A tune"
    assert made.result["passed"]
    again = run("render", piece=plain(tune()), sample_rate=rate)
    assert again.artifacts[0].payload != b""
    assert np.array_equal(read_wav(again.artifacts[0].payload)[0], samples)


def test_a_score_is_rendered_as_flac(score_file: Path) -> None:
    pytest.importorskip("soundfile")
    (audio,) = run("render", score=str(score_file), format="flac").artifacts
    assert audio.suffix == ".flac"
    assert audio.payload.startswith(b"fLaC")


def test_a_file_is_opened_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "Old song.mid"
    path.write_bytes(files.write(replace(tune(), title=Piece().title)))
    made = run("open", file=str(path))
    assert score_of(made).title == "Old song"
    assert made.result["file"] == "Old song.mid"
    assert made.result["remarks"] == []


@pytest.mark.parametrize("name", ["harmonise", "back", "render"])
def test_tasks_stop_at_the_next_step(name: str) -> None:
    made = run(name, piece=plain(tune(8)), stop_after=2)
    assert made.cancelled
    assert made.steps == 2


# --- memory -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("compose", {"ask": "1 bar in C, no backing", "audio": False}, "3 drafts at a time"),
        (
            "harmonise",
            {"piece": tune(2), "audio": False, "passes": 1},
            "16 quarter notes at a time",
        ),
    ],
)
def test_wherever_memory_runs_out_less_is_written_at_a_time(
    name: str, values: dict[str, Any], words: str
) -> None:
    lent = models()

    def made() -> Made:
        return run(name, lent=lent, **values)

    reduced = short_memory.run_short(made)
    assert len(reduced) > 5
    assert all(each == [words] for each in reduced.values())
    assert f"even with {words}" in short_memory.run_out(made)


def test_where_memory_is_short_the_sound_of_a_backing_has_fewer_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rendered = render.render

    def short(piece: Piece, rate: int, *args: Any, **more: Any) -> Iterator[Any]:
        yield 0.1
        if rate > 30_000:
            raise MemoryError
        yield from rendered(piece, rate, *args, **more)

    monkeypatch.setattr(render, "render", short)
    made = run("back", piece=plain(tune(2)), synth="studio")
    score, audio = made.artifacts
    assert "reduced" not in score.meta
    assert audio.meta["reduced"] == ["sound of 22,050 samples a second"]
    samples, rate = read_wav(audio.payload)
    assert (rate, audio.meta["sample_rate"]) == (22_050, 22_050)
    assert audio.verdict is not None
    assert audio.verdict.passed
    assert len(samples) / rate >= tune(2).seconds(tune(2).end)


# --- bad input --------------------------------------------------------------------------------


def midi_file(*events: bytes, division: int = 480) -> bytes:
    body = b"".join(events) + b"\x00\xff\x2f\x00"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, division)
    return head + b"MTrk" + struct.pack(">I", len(body)) + body


def delta(ticks: int) -> bytes:
    parts = [ticks & 0x7F]
    while ticks := ticks >> 7:
        parts.insert(0, 0x80 | ticks & 0x7F)
    return bytes(parts)


NOTE_ON, NOTE_OFF = b"\x90\x3c\x50", b"\x80\x3c\x00"
FAR = delta(2**28 - 1)


def entity_bomb() -> bytes:
    """A few lines that would unfold to a billion laughs."""
    entities = ['<!ENTITY l0 "ha">']
    entities += [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)]
    head = f'<?xml version="1.0"?><!DOCTYPE score-partwise [{"".join(entities)}]>'
    body = "<score-partwise><work><work-title>&l9;</work-title></work></score-partwise>"
    return f"{head}{body}".encode()


def zip_bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.musicxml", b"<score-partwise>" + b" " * 2**28)
    return stream.getvalue()


BAD_FILES: dict[str, bytes] = {
    "entity-bomb.musicxml": entity_bomb(),
    "zip-bomb.mxl": zip_bomb(),
    "no-score.musicxml": b"<html><body>no score</body></html>",
    "half.musicxml": b"<score-partwise><part",
    "outside.musicxml": (
        b'<?xml version="1.0"?><!DOCTYPE score-partwise [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b"<score-partwise><work><work-title>&x;</work-title></work></score-partwise>"
    ),
    "no-notes.abc": b"X:1\nT:Empty\nM:4/4\nL:1/4\nK:C\n",
    "empty.mid": b"",
    "text.mid": b"This is no music.",
    "no-notes.mid": midi_file(),
    "2-to-the-31-ticks.mid": midi_file(*(FAR + NOTE_ON, FAR + NOTE_OFF) * 5),
    "a-million-notes.mid": midi_file((b"\x01" + NOTE_ON + b"\x01" + NOTE_OFF) * 1_000_000),
    "cut.mid": midi_file(b"\x00" + NOTE_ON, delta(480) + NOTE_OFF)[:20],
}


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    for name, data in BAD_FILES.items():
        (folder / name).write_bytes(data)
    (folder / "folder.mid").mkdir()
    return folder


FIELDS = {"harmonise": "melody", "back": "melody", "render": "score", "open": "file"}


@pytest.mark.parametrize("file", [*BAD_FILES, "folder.mid", "missing.mid"])
@pytest.mark.parametrize("name", FIELDS)
def test_a_bad_file_is_a_sentence_in_every_task(name: str, file: str, bad_files: Path) -> None:
    with pytest.raises(BadInput) as caught:
        run(name, **{FIELDS[name]: str(bad_files / file)})
    message = caught.value.message
    assert message.endswith(".")
    assert message.count(".") <= 3
    assert "Traceback" not in message
    if file in ("folder.mid", "missing.mid"):
        assert file in message


def test_an_unreadable_file_is_a_sentence(
    score_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("studio_music.tasks.score_artifact.read_regular", refuse)
    with pytest.raises(BadInput, match=r"given.mid cannot be read: Permission denied"):
        run("open", file=str(score_file))


def test_a_huge_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "huge.mid"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(BadInput, match="larger than 32 MiB"):
        run("open", file=str(path))


@pytest.mark.parametrize("name", ["harmonise", "back", "render"])
def test_nothing_given_is_a_sentence(name: str) -> None:
    with pytest.raises(BadInput, match=f"There is no {FIELDS[name]}"):
        run(name)


@pytest.mark.parametrize(
    "piece",
    [
        {"tracks": "none"},
        {"tempos": [{"tick": 0, "bpm": 10_000}]},
        {"metres": [{"tick": 0, "metre": {"beats": 0, "unit": 4}}]},
        {"tracks": [{"name": "x", "notes": [{"start": -1, "pitch": 60, "length": 1}]}]},
    ],
)
def test_a_bad_piece_from_a_page_is_a_sentence(piece: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        run("render", piece=piece)


def test_a_melody_that_no_voice_can_sing_is_a_sentence() -> None:
    wide = tuple(Note(place * 480, 30 + 60 * (place % 2), 480) for place in range(8))
    piece = replace(tune(), tracks=(Track("Wide", wide),))
    with pytest.raises(BadInput, match="No soprano can sing this melody"):
        run("harmonise", piece=plain(piece))


def test_drums_alone_are_no_melody() -> None:
    piece = replace(tune(), tracks=(Track("Kit", tune().tracks[0].notes, drums=True),))
    for name in ("harmonise", "back"):
        with pytest.raises(BadInput, match="no notes for a melody"):
            run(name, piece=plain(piece))


def test_no_backing_at_all_is_a_sentence() -> None:
    with pytest.raises(BadInput, match="No backing is selected"):
        run("back", piece=plain(tune()), genre="none")


@pytest.mark.parametrize("ask", ["0 bpm", "10000 bpm", "0 bars", "5/4"])
def test_an_ask_that_cannot_be_met_is_refused_before_any_weights_are_loaded(ask: str) -> None:
    params = Compose.parse({"ask": ask, "weights": "none"})
    with pytest.raises(BadInput):
        run_task(TASKS["music.compose"], params, models={})


def test_the_metre_is_kept_in_other_metres_too() -> None:
    made = run("compose", ask="4 bars of 9/8 in G", audio=False, temperature=0.5)
    assert score_of(made).metre == Metre(9, 8)


# --- the worker -------------------------------------------------------------------------------


def test_what_the_manifest_promises_is_there() -> None:
    manifest = tomllib.loads((Path(worker.__file__).parent / "manifest.toml").read_text())
    assert {task["id"] for task in manifest["tasks"]} == set(TASKS)
    assert {loader.family for loader in worker.studio_loaders()} == {
        "music-tunes",
        "music-chorales",
    }
    assert set(worker.studio_checks()) == {Kind.SCORE, Kind.AUDIO}
    for example in manifest["tour"]:
        assert SCHEMAS[example["task"].partition(".")[2]].parse(example["params"])
