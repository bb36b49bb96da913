"""What every text engine promises, whatever computes: the same model, asked the same things.

An engine is added by a line in ``ENGINES``; one whose library is not installed is skipped.
"""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from studio.api.worker.constraint import Constraint
from studio.api.worker.text import SamplingParams, TextStep
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import TextEngine, load_steps
from studio.runtime.engines.text.llamacpp import decoder
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

VOCABULARY = 261  # as many as the tokenizer of these files has: llama.cpp takes no others
ASK = [{"role": "user", "content": "Name three primary colours."}]
GREEDY = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=12)
SEEDED = SamplingParams(temperature=1.5, seed=5, max_tokens=12)


def finished(steps: Iterator[float]) -> TextEngine:
    while True:
        try:
            assert 0 <= next(steps) <= 1
        except StopIteration as end:
            return end.value


def in_floats(path: Path) -> TextEngine:
    return finished(load_steps(path, dtype=torch.float32))


def packed(path: Path) -> TextEngine:
    return finished(load_steps(path))


def by_llamacpp(path: Path) -> TextEngine:
    if not decoder.version():
        pytest.skip("the extra [llamacpp] is not installed")
    return finished(load_steps(path, by="llamacpp"))


def by_transformers(path: Path) -> TextEngine:
    return finished(load_steps(path.parent / "folder", by="transformers"))


ENGINES: dict[str, Callable[[Path], TextEngine]] = {
    "torch": in_floats,
    "torch, packed": packed,
    "llama.cpp": by_llamacpp,
    "transformers": by_transformers,
}


@pytest.fixture(scope="module")
def reference():
    return tiny_models.reference(vocab_size=VOCABULARY, max_position_embeddings=512)


@pytest.fixture(scope="module")
def file(reference, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tiny_models.save_folder(reference, folder / "folder")  # the same for those that read folders
    return tiny_models.save_gguf(reference, folder / "tiny.gguf")


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, file: Path) -> Iterator[TextEngine]:
    engine = ENGINES[request.param](file)
    yield engine
    engine.close()


def write(engine: TextEngine, ids, params: SamplingParams = GREEDY) -> list[TextStep]:
    return list(engine.generate(ids, params))


def text_of(steps: list[TextStep]) -> str:
    return "".join(step.text for step in steps)


def test_it_says_what_it_is(engine: TextEngine) -> None:
    assert engine.engine.split()[0] in ("torch", "llama.cpp", "transformers")
    assert engine.info.architecture == "llama"
    assert engine.info.vocabulary == VOCABULARY
    assert engine.context_length == 512
    assert engine.weights_bytes > 0


def test_prompts_are_rendered_and_counted_alike(engine: TextEngine, file: Path) -> None:
    known = in_floats(file)
    assert engine.render(ASK) == known.render(ASK)
    assert engine.encode("he said") == known.encode("he said")
    assert engine.count("he said") == known.count("he said")
    long = [turn for _ in range(9) for turn in (*ASK, {"role": "assistant", "content": "Red."})]
    fitted, wanted = engine.fit([*long, *ASK], 200), known.fit([*long, *ASK], 200)
    assert (fitted.ids, fitted.dropped) == (wanted.ids, wanted.dropped)
    assert fitted.dropped > 0


def test_a_text_is_as_likely_as_the_reference_finds_it(engine: TextEngine, reference) -> None:
    ids = engine.encode("he said that she said " * 20)[:150]  # more than a step reads
    with torch.inference_mode():
        all_of_it = reference(torch.tensor(ids)[None]).logits[0].log_softmax(-1)
    wanted = all_of_it[:-1].gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
    assert (wanted - wanted.roll(1)).abs().max() > 1, "one place beside would be seen"
    for start in (1, 140, 149):
        found = torch.tensor([each for step in engine.score(ids, start) for each in step])
        assert found.shape == (150 - start,)
        off = (found - wanted[start - 1 :]).abs()
        assert off.max() < 0.3, "packed weights move them a little"
        assert off.mean() < 0.1
    begun = list(engine.score(ids[:60], 50))
    other = list(engine.score([*ids[:50], *ids[97:107]], 50))
    assert list(engine.score(ids[:60], 50)) == begun, "whatever was read before"
    assert begun != other
    with pytest.raises(StudioError, match="cannot be given"):
        next(iter(engine.score(ids, 0)))
    with pytest.raises(StudioError, match="tokens long"):
        next(iter(engine.score([1] * 512, 1)))


def test_scores_are_those_of_the_reference(engine: TextEngine, reference) -> None:
    ids = torch.tensor(engine.render(ASK))
    with torch.inference_mode():
        wanted = reference(ids[None]).logits[0, -3:].log_softmax(-1)
    cache = engine.model.new_cache(100)
    found = engine.model.read([Passage(ids, cache, wanted=3)]).log_softmax(-1)
    assert found.shape == (3, VOCABULARY)
    assert cache.length == len(ids)
    # Packed weights and keys in half precision move them a little; another model would by far.
    divergence = (wanted.exp() * (wanted - found)).sum(-1)
    assert divergence.max() < 0.02


def test_what_was_read_can_be_taken_back_and_copied(engine: TextEngine) -> None:
    model, ids = engine.model, torch.tensor(engine.render(ASK))
    cache = model.new_cache(100)
    model.read([Passage(ids, cache)])
    again = model.new_cache(100)
    again.start_as(cache)
    once = model.read([Passage(torch.tensor([40, 41]), cache, wanted=2)])
    cache.length -= 2
    twice = model.read([Passage(torch.tensor([40, 41]), cache, wanted=2)])
    copied = model.read([Passage(torch.tensor([40, 41]), again, wanted=2)])
    assert torch.equal(once, twice)
    assert torch.equal(once, copied)
    with pytest.raises(ValueError, match="100"):
        model.read([Passage(ids[:1].repeat(101), again)])


def test_steps_come_in_order_and_the_last_one_counts(engine: TextEngine) -> None:
    ids = engine.encode("once upon a time " * 20)[:300]
    steps = write(engine, ids)
    kinds = [step.kind for step in steps]
    first = kinds.index("token")
    assert first >= 2
    assert kinds == ["prefill"] * first + ["token"] * 12 + ["end"]
    assert [s.done for s in steps[first - 1 : first]] == [300]
    end = steps[-1]
    assert (end.done, end.prompt_tokens, end.finish_reason) == (12, 300, "length")
    assert end.first_token_seconds > 0
    assert end.tokens_per_second > 0


def test_the_same_seed_writes_the_same_text(engine: TextEngine) -> None:
    ids = engine.render(ASK)
    first, second = (text_of(write(engine, ids, SEEDED)) for _ in range(2))
    assert first == second
    others = {text_of(write(engine, ids, SamplingParams(temperature=1.5, seed=s))) for s in (1, 2)}
    assert len({first, *others}) == 3


def test_a_text_is_the_same_beside_others(engine: TextEngine) -> None:
    ids = engine.render(ASK)
    params = [GREEDY, SEEDED, SamplingParams(temperature=1, seed=8, max_tokens=5)]
    texts = ["", "", ""]
    ends = []
    for index, step in engine.generate_many(ids, params):
        texts[index] += step.text
        ends += [index] if step.kind == "end" else []
    assert texts == [text_of(write(engine, ids, each)) for each in params]
    assert sorted(ends) == [0, 1, 2]


def test_texts_that_take_turns_are_those_written_alone(engine: TextEngine) -> None:
    ids = engine.render(ASK)
    turns = [engine.generate(ids, SEEDED), engine.generate(ids[:-3], SEEDED)]
    texts = ["", ""]
    while turns:
        for index, steps in enumerate(turns):
            step = next(steps, None)
            texts[index] += step.text if step else ""
            turns = turns if step else []
    assert texts[0] == text_of(write(engine, ids, SEEDED))
    assert text_of(write(engine, ids[:-3], SEEDED)).startswith(texts[1])
    assert texts[1]


def test_it_stops_where_it_is_told(engine: TextEngine) -> None:
    ids = engine.render(ASK)
    whole = text_of(write(engine, ids))
    stop = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=12, stop=(whole[4:7],))
    steps = write(engine, ids, stop)
    assert steps[-1].finish_reason == "stop_string"
    assert text_of(steps) == whole[: whole.index(whole[4:7])]


def test_the_context_is_the_limit(engine: TextEngine) -> None:
    ids = [40] * (engine.context_length - 3)
    steps = write(engine, ids)
    assert (steps[-1].finish_reason, steps[-1].done) == ("context", 3)
    with pytest.raises(StudioError) as caught:
        write(engine, [40] * engine.context_length)
    assert caught.value.code is ErrorCode.CONTEXT_TOO_LONG
    with pytest.raises(StudioError):
        write(engine, [])
    with pytest.raises(StudioError):
        write(engine, [VOCABULARY])


def test_it_keeps_to_a_form(engine: TextEngine) -> None:
    form = Constraint("regex", "[a-c]{3}-[0-9]{2}")
    params = SamplingParams(temperature=2, seed=1, max_tokens=20, constraint=form)
    text = text_of(write(engine, engine.render(ASK), params))
    assert re.fullmatch("[a-c]{3}-[0-9]{2}", text)


def test_stopping_early_frees_what_the_text_held(engine: TextEngine) -> None:
    caches: list[weakref.ref] = []
    make = engine.model.new_cache

    def watched(capacity: int):
        cache = make(capacity)
        caches.append(weakref.ref(cache))
        return cache

    engine.model.new_cache = watched  # type: ignore[method-assign]
    try:
        for steps_before in (1, 8):
            steps = engine.generate(engine.render(ASK), GREEDY)
            for _ in range(steps_before):
                next(steps)
            steps.close()
    finally:
        del engine.model.new_cache
    gc.collect()
    assert [ref() for ref in caches] == [None, None]
