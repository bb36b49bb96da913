"""When words are said, from where the decoder looked; shown, and written into subtitles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from plugins.voice.tests import tiny_whisper
from studio.api import finished
from studio.api.window.subtitles import Cue, srt, vtt
from studio_voice.transcripts.formats import FORMATS
from studio_voice.transcripts.transcript import Segment, Transcript, Word, unpacked
from studio_voice.whisper import alignment, weights
from studio_voice.whisper.tokens import Tokens

pytestmark = pytest.mark.torch

SPOKEN = Segment(1.0, 2.5, "Good <day>.", (Word(1.0, 1.4, "Good"), Word(1.6, 2.5, "<day>.")))


def test_the_cheapest_way_is_found() -> None:
    """Where each token looks at frames of its own, its start is the first of them."""
    looked = np.full((4, 40), 0.0)
    for token, (start, end) in enumerate([(0, 8), (8, 9), (9, 30), (30, 40)]):
        looked[token, start:end] = 1.0
    assert alignment._starts(-looked).tolist() == [0, 8, 9, 30]


def test_words_follow_the_sound_that_the_heads_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(tiny_whisper.tokenizer(), ())
    model = tiny_whisper.scripted([[]])
    text = tiny_whisper.tokenizer().encode(" Hi you, é.").ids
    prompt = len(tokens.prompt("en", translate=False)) + 1
    looked = torch.zeros(2, prompt + len(text) + 1, 1500)
    for number in range(len(text) + 1):
        looked[:, prompt - 1 + number, 8 * number : 8 * number + 8] = 1.0
    monkeypatch.setattr(model.network, "attend", lambda *_given: looked, raising=False)
    sound = torch.zeros(1, 1, 4)
    (words,) = alignment.word_times(
        model.network, sound, tokens, "en", [text], (len(text) + 1) * 0.16, [(0, 0), (0, 1)]
    )
    assert [word.text for word in words] == ["Hi", "you,", "é."]
    begins = [0, 3, 8]
    for word, place in zip(words, begins):
        assert word.start == pytest.approx(place * 0.16, abs=0.09)
    assert words[0].end == words[1].start


def test_where_a_network_looks_is_a_share_of_the_sound(tmp_path: Path) -> None:
    loaded = finished(weights.loader().load(tiny_whisper.folder(tmp_path / "tiny"), "cpu"))
    sound = torch.randn(1, 1500, tiny_whisper.WIDTH)
    network, written = loaded.network, torch.tensor([[257, 5, 6, 7]])
    heads = alignment.usual_heads(network)
    seen = network.attend(written, network.remember(sound), heads)
    assert seen.shape == (len(heads), 4, 1500)
    assert torch.allclose(seen.sum(-1), torch.ones(len(heads), 4), atol=1e-4)
    # The heads are in the order in which they were asked for.
    swapped = network.attend(written, network.remember(sound), heads[::-1])
    assert torch.equal(swapped, seen.flip(0))


def test_times_of_words_are_in_the_file_and_in_subtitles() -> None:
    transcript = Transcript((SPOKEN, Segment(3.0, 4.0, "Ada")), "en", 4.0)
    assert unpacked(FORMATS[".json"](transcript)) == transcript
    assert b'"words"' in FORMATS[".json"](transcript)
    assert FORMATS[".vtt"](transcript).decode() == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nGood <00:00:01.600>&lt;day&gt;.\n"
        "\n00:00:03.000 --> 00:00:04.000\nAda\n"
    )
    assert "<0" not in FORMATS[".srt"](transcript).decode()


def test_nothing_in_a_cue_ends_it() -> None:
    cues = [Cue(0, 3661.5, "a\n\nb --> c"), Cue(1, 2, " ")]
    assert srt(cues) == (
        "1\n00:00:00,000 --> 01:01:01,500\na b → c\n\n2\n00:00:01,000 --> 00:00:02,000\n…\n"
    )
    assert vtt(cues).count("-->") == 2
