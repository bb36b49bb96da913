"""Guessing what a text repeats makes it faster where it does, and never another text."""

from __future__ import annotations

import pytest
import torch

from studio.api.worker.text import SamplingParams
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.generation.prompt_lookup import MOST_GUESSED, PromptLookup
from studio.runtime.engines.text.kernels.packed_matrix import can_pack
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch
needs_packing = pytest.mark.skipif(not can_pack("cpu"), reason="only packed models are guessed for")

PROMPT = [5, 6, 7, 8, 9, 10, 11, 12] * 4
GREEDY = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=120)
SEEDED = SamplingParams(temperature=0.01, repetition_penalty=1, seed=3, max_tokens=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model that soon repeats itself."""
    model = tiny_models.reference(seed=2, initializer_range=0.02)
    return tiny_models.save_folder(model, tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def engine(folder) -> TextEngine:
    return TextEngine.load(folder)


def tokens(engine: TextEngine, params: SamplingParams, ids=PROMPT) -> list[tuple]:
    steps = engine.generate(ids, params)
    return [(s.kind, s.token, s.text, s.finish_reason) for s in steps if s.kind != "prefill"]


def readings(engine: TextEngine, monkeypatch) -> list[int]:
    """How many rows each reading has from now on."""
    sizes: list[int] = []
    read = type(engine.model).read

    def counted(self, passages):
        sizes.append(sum(len(passage.tokens) for passage in passages))
        return read(self, passages)

    monkeypatch.setattr(type(engine.model), "read", counted)
    return sizes


@needs_packing
@pytest.mark.parametrize("params", [GREEDY, SEEDED], ids=["greedy", "seeded"])
def test_the_text_is_the_same_with_fewer_readings(engine, folder, monkeypatch, params) -> None:
    sizes = readings(engine, monkeypatch)
    guessed = tokens(engine, params)
    with monkeypatch.context() as without:
        without.setattr(PromptLookup, "guess", lambda self, most: [])
        before = len(sizes)
        assert tokens(TextEngine.load(folder), params) == guessed
    plain = len(sizes) - before
    assert plain == len(guessed) - 1, "control: one for each token, the prompt's gives the first"
    assert before < plain * 0.7


@needs_packing
def test_a_text_goes_on_the_same_after_guesses_were_wrong(engine, folder, monkeypatch) -> None:
    """What was read in vain stays nowhere: not in the text, not in the beginnings that are kept."""
    wrong = tokens(engine, GREEDY)
    with monkeypatch.context() as misled:
        misled.setattr(PromptLookup, "guess", lambda self, most: [3, 4, 5][:most])
        fresh = TextEngine.load(folder)
        assert tokens(fresh, GREEDY) == wrong
        turn = [*PROMPT, *(token for kind, token, *_ in wrong if kind == "token"), 17, 99]
        again = tokens(fresh, SEEDED, turn)
    assert tokens(TextEngine.load(folder), SEEDED, turn) == again


@needs_packing
def test_stopped_amid_a_right_guess_the_beginning_is_kept_whole(engine, folder) -> None:
    steps = engine.generate(PROMPT, GREEDY)
    written = [step.token for step, _ in zip(steps, range(60), strict=False) if step.token >= 0]
    steps.close()
    turn = [*PROMPT, *written, 17, 99]
    assert tokens(engine, SEEDED, turn) == tokens(TextEngine.load(folder), SEEDED, turn)


def test_floats_are_not_guessed_for(folder, monkeypatch) -> None:
    engine = TextEngine.load(folder, dtype=torch.float32)
    sizes = readings(engine, monkeypatch)
    tokens(engine, GREEDY)
    assert set(sizes[1:]) == {1}


def test_the_longest_match_wins_then_the_latest() -> None:
    text = [1, 2, 3, 4, 50, 9, 3, 4, 60, 9, 3, 4, 70, 1, 2, 3, 4]
    assert PromptLookup(text).guess(1) == [50], "four tokens match there, two elsewhere"
    assert PromptLookup([*text[:-4], 8, 3, 4]).guess(1) == [70]
    assert PromptLookup([1, 2, 3, 1, 2]).guess(4) == [3, 1, 2, 3], "a repetition goes round"


@pytest.mark.parametrize("text", [[1], [1, 2], [1, 1], [1, 2, 3, 4]])
def test_what_does_not_repeat_itself_is_not_guessed(text) -> None:
    assert PromptLookup(text).guess(8) == []


def test_guesses_grow_while_right_and_rest_longer_the_oftener_wrong() -> None:
    lookup = PromptLookup([1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * 2)
    first = lookup.guess(100)
    lookup.learn(len(first), len(first))
    assert len(first) < len(lookup.guess(100)) == MOST_GUESSED
    assert len(lookup.guess(3)) == 3
    rests = []
    for _ in range(7):
        lookup.learn(2, 0)
        rests.append(0)
        while not lookup.guess(1):
            lookup.push(1 + rests[-1] % 10)
            rests[-1] += 1
            assert rests[-1] < 100
    assert rests[0] < rests[2] < rests[4]
    assert rests[-1] >= 32
