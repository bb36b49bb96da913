"""Music through the command line: what is written, what is told, what is refused."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.music.tests.sound.small_font import small_font
from studio.base import disk
from studio.cli.terminal.exit_code import ExitCode
from studio_music.audio.audio_files import read_wav
from studio_music.audio.synth import selection
from studio_music.score.formats.midi import files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.torch,
    pytest.mark.usefixtures("runtime_within"),
]

Command = Callable[..., tuple[int, str, str]]

COMPOSE = ["--mood", "calm", "--key", "D minor", "--tempo", "90", "--bars", "16", "--seed", "3"]


def result_of(command: Command, *words: str) -> dict[str, Any]:
    code, out, err = command("run", *words, "--json")
    assert code == ExitCode.OK, err
    found: dict[str, Any] = json.loads(out)
    return found


def words_of(folder: Path) -> list[str]:
    words = ["music.compose", *COMPOSE, "--out", str(folder / "out")]
    return [*words, "--provenance", "nothing"]  # a signature is another each time


def compose(folder: Path) -> dict[str, Any]:
    """Return what the command prints as a process, with a runtime of its own, as for a user."""
    done = subprocess.run(
        [sys.executable, "-m", "studio", "run", *words_of(folder), "--json"],
        env=os.environ | {"STUDIO_HOME": str(folder / "home")},
        capture_output=True,
        encoding="utf-8",
        timeout=500,  # a busy machine
        check=False,
    )
    assert done.returncode == ExitCode.OK, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result | {"home": folder / "home"}


@pytest.fixture(scope="module", autouse=True)
def _small_font(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A sine plays: whichever font is installed takes seconds to be unpacked, in each process."""
    font = tmp_path_factory.mktemp("font") / "small.sf2"
    font.write_bytes(small_font())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(selection.CHOICE, str(font))
        yield


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return compose(tmp_path_factory.mktemp("composed"))


def test_a_calm_tune_in_d_minor_is_written_and_heard(
    composed: dict[str, Any], command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    score, sound = map(Path, composed["artifacts"])
    assert (score.suffix, sound.suffix) == (".mid", ".wav")
    piece = files.read(score.read_bytes()).piece
    assert (str(piece.key), piece.tempo, piece.length) == ("D minor", 90, 16 * piece.metre.bar)
    samples, rate = read_wav(sound.read_bytes())
    assert len(samples) / rate >= piece.seconds(piece.length)
    told = {name: composed[name] for name in ("title", "key", "metre", "tempo", "bars", "passed")}
    assert told == {
        "title": "Calm tune in D minor",
        "key": "D minor",
        "metre": "4/4",
        "tempo": 90,
        "bars": 16,
        "passed": True,
    }
    assert {check["name"] for check in composed["checks"]} >= {"parses", "key", "tempo", "length"}
    monkeypatch.setenv("STUDIO_HOME", str(composed["home"]))
    _, shown, _ = command("library", "show", composed["record"], "--json")
    assert json.loads(shown)["params"]["key"] == "D minor"


def test_the_same_seed_gives_the_same_bytes_in_another_home(
    composed: dict[str, Any], command: Command, tmp_path: Path
) -> None:
    """Once as a process, and once in this one."""
    again = result_of(command, *words_of(tmp_path))
    for first, second in zip(composed["artifacts"], again["artifacts"], strict=True):
        assert Path(first).read_bytes() == Path(second).read_bytes()


def test_a_melody_is_harmonised_backed_rendered_and_opened(
    composed: dict[str, Any], command: Command, tmp_path: Path
) -> None:
    score = composed["artifacts"][0]
    four = result_of(command, "music.harmonise", "--score", score, "--passes", "2", "--no-audio")
    assert four["tracks"] == ["Soprano", "Alto", "Tenor", "Bass"]
    rendered = result_of(command, "music.render", four["artifacts"][0], "--out", str(tmp_path))
    assert Path(rendered["artifacts"][0]).suffix == ".wav"
    backed = result_of(command, "music.back", score, "--genre", "bossa", "--loop", "--no-audio")
    assert backed["bars"] == 16
    opened = result_of(command, "music.open", backed["artifacts"][0])
    assert opened["notes"] == backed["notes"]


# --- what is refused --------------------------------------------------------------------------


def test_bad_input_is_a_sentence_and_an_exit_code(command: Command, tmp_path: Path) -> None:
    text = tmp_path / "text.mid"
    text.write_text("no music")
    cases = {
        ("music.open", str(text)): "MIDI",
        ("music.render", str(tmp_path / "missing.mid")): "must be an existing file",
        ("music.render", str(tmp_path)): "must be an existing file",
        ("music.harmonise",): "There is no score",
        ("music.compose", "--prompt", "0 bpm"): "0 quarter notes per minute cannot be played",
    }
    for words, sentence in cases.items():
        code, out, err = command("run", *words)
        assert (code, out) == (ExitCode.BAD_INPUT, ""), words
        assert sentence in err
        assert "Traceback" not in err


@pytest.mark.faults
def test_a_disk_that_fills_up_loses_nothing_that_was_saved(
    command: Command, composed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = disk.write_all

    def full(fd: int, data: bytes | memoryview) -> None:
        if bytes(data[:4]) == b"RIFF":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(fd, data)

    monkeypatch.setattr(disk, "write_all", full)
    code, out, err = command("run", "music.back", composed["artifacts"][0])
    assert code == ExitCode.CANNOT_SAVE
    assert out == ""
    assert "is full" in err
    assert "Traceback" not in err
    code, out, _ = command("library", "list", "--json")
    assert code == ExitCode.OK
    assert [each["kind"] for each in json.loads(out)["artifacts"]] == ["score"]
