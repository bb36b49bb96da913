"""Scores that are given: set for voices, backed, rendered, opened, as memory allows."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from plugins.music.tests.tasks.music_tasks import (  # noqa: E402
    SCHEMAS,
    TASKS,
    models,
    plain,
    replace,
    run,
    score_of,
    tune,
)
from studio.api import Kind  # noqa: E402
from studio.testing import short_memory  # noqa: E402
from studio.testing.plugins import Made  # noqa: E402
from studio_music import worker  # noqa: E402
from studio_music.audio.audio_files import read_wav  # noqa: E402
from studio_music.audio.mix import render  # noqa: E402
from studio_music.score.formats.midi import files  # noqa: E402
from studio_music.score.piece import Piece  # noqa: E402

pytestmark = pytest.mark.torch


def test_a_melody_is_set_for_four_voices(score_file: Path) -> None:
    made = run("harmonise", score=str(score_file), passes=2)
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
    made = run("harmonise", score=str(score_file), passes=1)
    for artifact in made.artifacts:
        assert str(score_file.parent).encode() not in artifact.payload
        assert artifact.meta["params"]["score"] == "given.mid"


def test_a_melody_for_another_voice_is_moved_and_that_is_said() -> None:
    made = run("harmonise", piece=plain(tune()), voice="bass", passes=1, audio=False)
    (remark,) = made.result["remarks"]
    assert "Moved 1 octave down" in remark
    assert score_of(made).tracks[3].notes[0].pitch == tune().tracks[0].notes[0].pitch - 12


def test_a_melody_gets_a_backing(score_file: Path) -> None:
    made = run("back", score=str(score_file), genre="jazz", loop=True)
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


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("compose", {"prompt": "1 bar in C, no backing", "audio": False}, "3 drafts at a time"),
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
    assert len(reduced) > 1
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
    assert audio.meta["reduced"] == ["sound of 22,050 samples per second"]
    samples, rate = read_wav(audio.payload)
    assert (rate, audio.meta["sample_rate"]) == (22_050, 22_050)
    assert audio.verdict is not None
    assert audio.verdict.passed
    assert len(samples) / rate >= tune(2).seconds(tune(2).end)


def test_what_the_manifest_promises_is_there() -> None:
    manifest = tomllib.loads((Path(worker.__file__).parent / "manifest.toml").read_text())
    assert {task["id"] for task in manifest["tasks"]} == set(TASKS)
    assert {loader.family for loader in worker.studio_loaders()} == {
        "music-tunes",
        "music-chorales",
        "basic-pitch",
        "audio-model",
        "soundfont",
    }
    assert set(worker.studio_checks()) == {Kind.SCORE, Kind.AUDIO}
    for example in manifest["tour"]:
        assert SCHEMAS[example["task"].partition(".")[2]].parse(example["params"])
