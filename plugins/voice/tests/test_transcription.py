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
from studio_voice.speech.windows import Span, is_stretched, missed, windows
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
    model = scripted([script(1, text, 30) for text in texts])
    values = {"recording": str(path), "weights": "tiny", **params}
    models = {"tiny": model, "silero-vad": detector(speech)}
    return run_task(transcribe, Transcribe.parse(values), models=models)


def test_windows_become_segments_in_order(recording: Path) -> None:
    made = run(recording, [" First words.", " Second words."])
    assert made.result["text"] == "First words. Second words."
    first, second = made.result["segments"]
    assert first["start"] == 1.0
    assert first["end"] <= second["start"]
    assert second["start"] > 15
    assert made.result["language"] == "en"
    assert made.result["duration"] == 50
    assert made.text == "First words. Second words. "
    (kept,) = made.artifacts
    assert kept.kind == "transcript"
    assert unpacked(kept.read()).segments[1].text == "Second words."


def test_speech_that_was_left_out_is_heard_once_more(recording: Path) -> None:
    model = scripted(
        [
            script(0, " A first sentence that is long.", 6),
            script(0, " Words", 30),
            script(0, " And the rest of it.", 29),
        ]
    )
    models = {"tiny": model, "silero-vad": detector()}
    made = run_task(
        transcribe,
        Transcribe.parse({"recording": str(recording), "weights": "tiny"}),
        models=models,
    )
    first, rest, second = made.result["segments"]
    assert first["text"] == "A first sentence that is long."
    assert rest["text"] == "And the rest of it."
    assert 5 < rest["start"] < 7
    assert second["text"] == "Words"


def test_speech_without_words_is_marked(recording: Path) -> None:
    model = scripted([script(0, " Words.", 6), script(0, " More", 30), script(0, " ", 1)])
    models = {"tiny": model, "silero-vad": detector()}
    made = run_task(
        transcribe,
        Transcribe.parse({"recording": str(recording), "weights": "tiny"}),
        models=models,
    )
    assert [segment["text"] for segment in made.result["segments"]] == [
        "Words.", "[inaudible]", "More",
    ]  # fmt: skip
    with pytest.raises(BadInput, match=r"No speech was understood in “interview\.wav”"):
        run_task(
            transcribe,
            Transcribe.parse({"recording": str(recording), "weights": "tiny"}),
            models={"tiny": scripted([script(0, " ", 1)]), "silero-vad": detector()},
        )


def test_windows_end_in_long_pauses() -> None:
    spans = [Span(1.0, 3.0), Span(4.0, 6.0), Span(9.0, 11.0)]
    first, second = windows(spans, np.ones(400, np.float32), 12.8)
    assert first.speech == (Span(1.0, 3.0), Span(4.0, 6.0))
    assert (first.span.start, second.span.start) == pytest.approx((0.8, 8.8))


def test_a_sentence_is_missed_where_nothing_was_written() -> None:
    speech = [Span(0.0, 4.0), Span(5.0, 7.0), Span(8.0, 8.4)]
    assert missed(speech, [Span(0.2, 3.5)]) == [Span(5.0, 7.0)]
    assert missed(speech, [Span(0.0, 7.5)]) == []
    assert missed([Span(0.0, 20.0)], [Span(0.0, 10.0)]) == [Span(10.0, 20.0)]


def test_a_short_text_over_long_speech_leaves_some_out() -> None:
    speech = [Span(0.0, 4.0), Span(5.0, 9.0)]
    assert is_stretched("A few words.", Span(0.0, 9.0), speech)
    assert not is_stretched("A few words.", Span(0.0, 2.0), speech)
    assert not is_stretched("Twelve times as many words, and more.", Span(0.0, 7.0), speech)


def test_speech_over_the_end_of_a_piece_is_heard_whole(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "_PIECE", 3)
    found = run(recording, [" One", " Two"]).result["segments"]
    assert len(found) <= 4  # of 17 pieces
    assert found[-1]["end"] <= 50


def test_a_recording_in_which_nobody_speaks_is_told(recording: Path) -> None:
    with pytest.raises(BadInput, match=r"Nobody speaks in “interview\.wav”"):
        run(recording, [" Thank you"], speech=-9)


def test_bytes_are_heard_as_files_are(recording: Path) -> None:
    model, data = scripted([script(1, " First words.", 30)]), recording.read_bytes()
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
    with pytest.raises(BadInput, match="not a transcript"):
        unpacked(b"[" * 100_000)


def test_words_lie_within_their_segment(recording: Path) -> None:
    model = scripted([script(8 / 10, " Words that come late.", 29)])
    models = {"tiny": model, "silero-vad": detector()}
    values = {"recording": str(recording), "weights": "tiny"}
    made = run_task(transcribe, Transcribe.parse(values), models=models)
    for segment in made.result["segments"]:
        for word in segment["words"]:
            assert segment["start"] <= word["start"] <= word["end"] <= segment["end"]
