"""Tokens become phrases with times: by Whisper's rules, and again where it goes in circles."""

from __future__ import annotations

import pytest
import torch

from plugins.voice.tests.tiny_whisper import script, scripted
from studio.api import finished
from studio_voice.whisper import decoder
from studio_voice.whisper.decoder import Draft, phrases
from studio_voice.whisper.weights import Transcriber

pytestmark = pytest.mark.torch


def written(model: Transcriber, windows: int = 1, words: str = "") -> list[Draft]:
    sound = torch.cat([model.network.encode(torch.zeros(1, 80, 3000)) for _ in range(windows)])
    prompt = model.tokens.prompt("en", translate=False, words=words)
    generator = torch.Generator().manual_seed(0)
    return finished(decoder.write_down(model.network, sound, model.tokens, prompt, generator))


def test_a_phrase_lies_between_its_times() -> None:
    model = scripted([[*script(0.5, " Good day", 2.0), *script(2.0, " to you", 3.5)]])
    (draft,) = written(model, words="Ada")
    found = phrases(draft, model.tokens, 10)
    assert [tuple(each)[:3] for each in found] == [(0.5, 2.0, "Good day"), (2.0, 3.5, "to you")]


def test_windows_of_unequal_length_are_written_together() -> None:
    texts = [" One", " Two and three and four", " Five"]
    model = scripted([script(0, text, 1 + at) for at, text in enumerate(texts)])
    drafts = written(model, 3)
    told = [phrases(each, model.tokens, 30)[0].text for each in drafts]
    assert told == [text.strip() for text in texts]


def test_times_never_go_back() -> None:
    model = scripted([[*script(0.5, " One", 4.0), *script(2.0, " two", 3.0)]])
    (draft,) = written(model)
    times = [token for token in draft.tokens if token >= model.tokens.first_time]
    assert times == sorted(times)


def test_a_phrase_never_ends_behind_its_window() -> None:
    model = scripted([script(0, " Long", 29)])
    (draft,) = written(model)
    assert phrases(draft, model.tokens, 3.0)[0].end == 3.0


def test_silence_has_no_phrases() -> None:
    model = scripted([script(0, " Thank you", 1)], silence=0.99)
    (draft,) = written(model)
    assert draft.is_empty
    assert phrases(draft, model.tokens, 30) == []


def test_going_in_circles_is_tried_again() -> None:
    circles, sense = script(0, " and so" * 30, 9), script(0, " and so it ends", 9)
    (draft,) = written(scripted([circles]))
    assert draft.is_poor(" and so" * 30)
    model = scripted([circles], again=sense)
    (draft,) = written(model)
    assert phrases(draft, model.tokens, 30)[0].text == "and so it ends"


def test_the_language_is_the_likeliest_one() -> None:
    model = scripted([script(0, " Hello", 1)])
    sound = model.network.encode(torch.zeros(1, 80, 3000))
    code, share = decoder.language_of(model.network, sound, model.tokens)
    assert code == "en"
    assert share > 0.5
    assert sorted(model.tokens.languages) == ["de", "en"]
