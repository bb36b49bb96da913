"""``voice.speak``: a text becomes a recording, sentence by sentence, also after a crash."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from studio.api import BadInput, StudioError, finished
from studio.testing.plugins import Made, run_task
from studio_voice.kokoro import weights
from studio_voice.kokoro.weights import RATE, Speaker
from studio_voice.pronunciation.lexicon import Lexicon
from studio_voice.schema import Speak
from studio_voice.tasks.speech import speak

pytestmark = pytest.mark.torch

WORDS = {"good": "ɡʊd", "day": "dA", "ada": "AdA"}


class Session:
    """Stands in for onnxruntime: a tenth of a second of a step a sound."""

    def __init__(self, breaks_at: int = 0) -> None:
        self.given: list[dict[str, Any]] = []
        self.breaks_at = breaks_at

    def run(self, _names: None, given: dict[str, Any]) -> list[np.ndarray]:
        if self.breaks_at and len(self.given) + 1 == self.breaks_at:
            raise RuntimeError("the power went out")
        self.given.append(given)
        count = round((given["tokens"].shape[1] - 2) * RATE / 10 / float(given["speed"][0]))
        return [np.full(count, 0.5, np.float32)]


def speaker(session: Session) -> Speaker:
    voices = {name: np.zeros((510, 256), np.float32) for name in ("af_heart", "bm_george")}
    numbers = {letter: n for n, letter in enumerate("ɡʊdA ?.", 1)}
    return Speaker(session, voices, numbers, Lexicon({"us": WORDS, "gb": WORDS}))


def run(text: str, session: Session | None = None, **how: Any) -> Made:
    session = session or Session()
    speller = SimpleNamespace(say=lambda words, accent: ["d" for _ in words])
    kept = {name: how.pop(name, None) for name in ("checkpoint", "calls")}
    values = {"text": text, "weights": "tiny", **how}
    models = {"tiny": speaker(session), "pronunciation": speller}
    return run_task(speak, Speak.parse(values), models=models, **kept)


def test_a_text_becomes_a_recording() -> None:
    made = run("Good day. Ada!")
    (artifact,) = made.artifacts
    assert artifact.kind == "audio"
    samples, rate = soundfile.read(io.BytesIO(artifact.read()))
    assert rate == RATE
    assert made.result["duration"] == pytest.approx(len(samples) / rate, abs=0.01)
    assert made.result["sentences"] == 2
    assert made.text == "Good day. Ada! "
    assert made.progress[-1].done == made.progress[-1].total


def test_faster_is_shorter() -> None:
    slow, fast = (run("Good day", speed=speed).result["duration"] for speed in (0.5, 2))
    assert slow == pytest.approx(4 * fast, rel=0.05)


def test_a_title_says_where_it_was_cut() -> None:
    assert run("Good day. Ada!").artifacts[0].title == "Good day. Ada!"
    title = run("Good day. Ada. " * 10).artifacts[0].title
    assert title.endswith("…")
    assert len(title) <= 80


def test_words_that_are_guessed_are_told() -> None:
    assert run("Good zyx").result["guessed"] == ["zyx"]


def test_after_a_crash_it_goes_on_where_it_was(tmp_path: Path) -> None:
    text = "Good day. Ada. Good Ada. Day."
    whole = run(text).artifacts[0].read()
    with pytest.raises(RuntimeError):
        run(text, Session(breaks_at=3), checkpoint=tmp_path)
    with (tmp_path / "speech.wav").open("ab") as file:  # written, and not counted any more
        file.write(b"\x01" * 999)
    session = Session()
    made = run(text, session, checkpoint=tmp_path)
    assert len(session.given) == 2
    again, _ = soundfile.read(io.BytesIO(made.artifacts[0].read()))
    assert np.array_equal(again, soundfile.read(io.BytesIO(whole))[0])


def test_a_checkpoint_that_is_broken_is_left(tmp_path: Path) -> None:
    (tmp_path / "said.json").write_text(json.dumps({"sentences": 9, "frames": -1, "guessed": []}))
    assert run("Good day.", checkpoint=tmp_path).result["sentences"] == 1


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text("Good day.\n\nAda.")
    assert run("", document=str(path)).result["sentences"] == 2
    with pytest.raises(BadInput, match="cannot be read"):
        run("", document=str(tmp_path / "none.txt"))


@pytest.mark.parametrize("text", ["", "  \n", "… — !"])
def test_nothing_to_read_is_told(text: str) -> None:
    with pytest.raises(BadInput, match="nothing to read aloud"):
        run(text)


def test_an_archive_that_is_none_is_told(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = tmp_path / "x.kokoro"
    path.write_bytes(b"x" * 2000)
    assert weights.loader().recognise(path) is None
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("vocab.json"))
    with pytest.raises(StudioError, match=r"x\.kokoro cannot be used"):
        finished(weights.loader().load(path, "cpu"))


def test_a_network_that_is_damaged_is_told(tmp_path: Path) -> None:
    """onnxruntime raises an error of its own class for it."""
    pytest.importorskip("onnxruntime")
    members = {"vocab.json": b'{"vocab": {}}', "model.onnx-part": b"\x08\x09broken"}
    members |= {f"{name}.json": b"{}" for name in ("us_gold", "us_silver", "gb_gold", "gb_silver")}
    path = tmp_path / "x.kokoro"
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    with pytest.raises(StudioError, match=r"x\.kokoro cannot be used"):
        finished(weights.loader().load(path, "cpu"))
