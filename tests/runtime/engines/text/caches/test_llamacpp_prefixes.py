"""A next turn by llama.cpp reads only what is new, and says what it would have said anyway."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import finished
from studio.api.worker.text import SamplingParams
from studio.runtime.engines.text.caches.llamacpp_prefixes import State, States
from studio.runtime.engines.text.engine import TextEngine, load_steps
from studio.runtime.engines.text.generation import generation
from studio.runtime.engines.text.llamacpp import decoder
from tests.runtime.engines import tiny_models

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not decoder.version(), reason="the extra [llamacpp] is not installed"),
]
PIECE = 32
SEEDED = SamplingParams(temperature=1.5, seed=5, max_tokens=20)
PROMPT = [(7 * i * i + 3) % 261 for i in range(150)]


@pytest.fixture(scope="module", params=["F32", "Q8_0", "Q4_0"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TextEngine:
    model = tiny_models.reference(vocab_size=261, max_position_embeddings=512)
    folder = tmp_path_factory.mktemp("tiny")
    file = tiny_models.save_gguf(model, folder / "tiny.gguf", request.param)
    return finished(load_steps(Path(file), by="llamacpp"))


@pytest.fixture
def engine(loaded: TextEngine, monkeypatch: pytest.MonkeyPatch) -> TextEngine:
    for module in (generation, decoder):
        monkeypatch.setattr(module, "chunk_size", lambda parameters, device: PIECE)
    loaded.prefixes.clear()
    return loaded


def write(engine: TextEngine, ids: list[int]) -> tuple[list[int], list[int]]:
    """What is written, and how far the prompt was read after each step."""
    steps = list(engine.generate(ids, SEEDED))
    read = [step.done for step in steps if step.kind == "prefill"]
    return [step.token for step in steps if step.kind == "token"], read


def test_a_next_turn_reads_what_is_new(engine: TextEngine) -> None:
    first, read = write(engine, PROMPT)
    assert read == [32, 64, 96, 128, 150]
    turn = [*PROMPT, *first, 17, 99]
    said, read = write(engine, turn)
    assert read == [160, 172], "128 tokens were known"
    again = [*turn, *said, 40]
    _, read = write(engine, again)
    rest = [len(again)] if len(again) <= 192 else [192, len(again)]
    assert read == rest, "and now 160"
    engine.prefixes.clear()
    assert write(engine, turn)[0] == said, "the same as without anything known"


def test_a_branch_shares_what_it_begins_with_even_if_it_is_shorter(engine: TextEngine) -> None:
    write(engine, PROMPT)
    branch = [*PROMPT[:70], 5, 6]
    said, read = write(engine, branch)
    assert read == [72], "a text of 92 tokens at most, from a state of 128"
    engine.prefixes.clear()
    assert write(engine, branch)[0] == said


def test_what_is_kept_is_bounded_and_counted(engine: TextEngine) -> None:
    write(engine, PROMPT)
    kept = engine.prefixes.bytes
    assert 0 < kept <= engine.prefixes.most_bytes
    assert engine.weights_bytes == engine.model.weights_bytes + engine.prefixes.most_bytes
    states = States(int(1.5 * kept))
    states._kept = [State([1], bytes(kept // 2))]
    cache = engine.model.new_cache(170)
    engine.prefixes.start(PROMPT, cache)
    assert cache.length == 128
    states.keep(PROMPT, cache)
    assert states.bytes == kept + kept // 2
    states.keep([1, *PROMPT], cache)
    assert [len(each.tokens) for each in states._kept] == [128], "the oldest went"
