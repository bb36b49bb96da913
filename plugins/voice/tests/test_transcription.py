"""``voice.transcribe``: what is said, with times; the files that it can become."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugins.voice.tests.tiny_whisper import detector, script, scripted
from studio.api import BadInput
from studio.testing.plugins import Made, run_task
from studio_voice.schema import Transcribe
from studio_voice.speech import recordings
from studio_voice.tasks.transcription import transcribe
from studio_voice.transcripts.formats import plain, srt, vtt
from studio_voice.transcripts.transcript import Segment, Transcript, packed, unpacked

pytestmark = pytest.mark.torch


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "interview.wav"
    soundfile.write(path, np.zeros(50 * 16_000, np.float32), 16_000)
    return path


def run(path: Path, texts: list[str], *, speech: float = 9.0, **params: object) -> Made:
    model = scripted([script(1, text, 2) for text in texts])
    values = {"recording": str(path), "weights": "tiny", **params}
    models = {"tiny": model, "silero-vad": detector(speech)}
    return run_task(transcribe, Transcribe.parse(values), models=models)


def test_windows_become_segments_in_order(recording: Path) -> None:
    made = run(recording, [" First words.", " Second words."])
    assert made.result["text"] == "First words.\n\nSecond words."
    first, second = made.result["segments"]
    assert (first["start"], first["end"]) == (1.0, 2.0)
    assert second["start"] > 15
    assert made.result["language"] == "en"
    assert made.result["duration"] == 50
    assert made.text == "First words. Second words. "
    (kept,) = made.artifacts
    assert kept.kind == "transcript"
    assert unpacked(kept.read()).segments[1].text == "Second words."


def test_speech_over_the_end_of_a_piece_is_heard_whole(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "_PIECE", 3)
    found = run(recording, [" One", " Two"]).result["segments"]
    assert len(found) <= 4  # of 17 pieces
    assert found[-1]["end"] < 50


def test_a_recording_in_which_nobody_speaks_is_told(recording: Path) -> None:
    with pytest.raises(BadInput, match=r"Nobody speaks in “interview\.wav”"):
        run(recording, [" Thank you"], speech=-9)


def test_bytes_are_heard_as_files_are(recording: Path) -> None:
    model, data = scripted([script(1, " First words.", 2)]), recording.read_bytes()
    models = {"tiny": model, "silero-vad": detector()}
    made = run_task(
        transcribe, Transcribe.parse({"weights": "tiny"}), models=models, inputs={"sound": data}
    )
    assert made.result["segments"] == run(recording, [" First words."]).result["segments"]
    with pytest.raises(BadInput, match="There is no recording"):
        run_task(transcribe, Transcribe.parse({"weights": "tiny"}), models=models)


def test_a_language_that_it_does_not_know_is_told(recording: Path) -> None:
    with pytest.raises(BadInput, match="This model does not know French") as told:
        run(recording, [" Hello"], language="fr")
    assert told.value.hint == "It knows: German, English."


def test_a_translation_says_that_it_is_english(recording: Path) -> None:
    made = run(recording, [" Good day"], language="de", output="english")
    assert made.result["language"] == "en"


SAID = Transcript(
    (Segment(0.0, 1.5, "Tom & Ann:\n\n<hi> --> there"), Segment(3661.5, 3662.0, "End"))
)


def test_subtitles_are_what_players_read() -> None:
    assert srt(SAID).decode() == (
        "1\n00:00:00,000 --> 00:00:01,500\nTom & Ann: <hi> → there\n\n"
        "2\n01:01:01,500 --> 01:01:02,000\nEnd\n"
    )
    assert vtt(SAID).decode() == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nTom &amp; Ann: &lt;hi&gt; → there\n\n"
        "01:01:01.500 --> 01:01:02.000\nEnd\n"
    )
    assert plain(SAID).decode().endswith("\n\nEnd\n")


def test_a_transcript_survives_its_file() -> None:
    assert unpacked(packed(SAID)) == SAID
    with pytest.raises(BadInput, match="no transcript"):
        unpacked(b"[" * 100_000)
