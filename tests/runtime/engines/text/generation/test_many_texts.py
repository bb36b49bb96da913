"""Several texts after one prompt, and prompts that begin like earlier ones, change no text."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from studio.api.worker.text import SamplingParams, TextStep
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.caches.prefix_cache import PrefixCache
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import MAX_TEXTS, TextEngine
from studio.runtime.engines.text.kernels.packed_kv_cache import PackedKVCache
from studio.runtime.engines.text.kernels.packed_matrix import can_pack
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch
needs_packing = pytest.mark.skipif(not can_pack("cpu"), reason="only packed models keep prefixes")

PROMPT = [(7 * i * i + 3) % 300 for i in range(100)]
ASKED = [
    SamplingParams(seed=seed, temperature=1.5, max_tokens=length, stop=("a",) if seed == 3 else ())
    for seed, length in [(1, 30), (2, 7), (3, 90), (1, 30)]
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    model = tiny_models.reference("qwen2", num_attention_heads=6, head_dim=32)
    return tiny_models.save_folder(model, tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def tiny(folder) -> TextEngine:
    return TextEngine.load(folder)


def alone(engine: TextEngine, ids: list[int], params: SamplingParams) -> list[TextStep]:
    return [step for step in engine.generate(ids, params) if step.kind != "prefill"]


def told(steps: list[TextStep]) -> list[tuple]:
    """What may not differ: everything but the clock."""
    return [(s.kind, s.done, s.total, s.text, s.token, s.finish_reason) for s in steps]


@pytest.mark.parametrize("dtype", [None, torch.float32], ids=["packed", "floats"])
def test_each_text_is_what_it_would_be_alone(folder, dtype) -> None:
    engine = TextEngine.load(folder, dtype=dtype)
    found: list[list[TextStep]] = [[] for _ in ASKED]
    prompt_steps = 0
    for index, step in engine.generate_many(PROMPT, ASKED):
        if step.kind == "prefill":
            prompt_steps += 1
            assert index == 0
        else:
            found[index].append(step)
    assert prompt_steps == 1, "it is read once"
    fresh = TextEngine.load(folder, dtype=dtype)
    for params, steps in zip(ASKED, found, strict=True):
        assert told(steps) == told(alone(fresh, PROMPT, params))
    assert told(found[0]) == told(found[3]) != told(found[1]), "control: seeds matter"


@pytest.mark.parametrize("count", [0, MAX_TEXTS + 1])
def test_no_texts_and_too_many_are_refused(tiny, count) -> None:
    with pytest.raises(StudioError) as caught:
        list(tiny.generate_many(PROMPT, [SamplingParams()] * count))
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_closing_frees_all_caches(tiny, monkeypatch) -> None:
    caches: list[weakref.ref[PackedKVCache]] = []
    new_cache = type(tiny.model).new_cache

    def watched(self, capacity: int) -> PackedKVCache:
        cache = new_cache(self, capacity)
        caches.append(weakref.ref(cache))
        return cache

    monkeypatch.setattr(type(tiny.model), "new_cache", watched)
    steps = tiny.generate_many(PROMPT, ASKED)
    for _ in range(4):
        next(steps)
    assert sum(cache() is not None for cache in caches) == 4, "control"
    steps.close()
    gc.collect()
    assert all(cache() is None for cache in caches)


@needs_packing
def test_what_was_read_or_written_is_not_read_again(tiny, folder, rows_read) -> None:
    params = SamplingParams(seed=5, temperature=1.5, max_tokens=20, min_p=0)
    first = [step.token for step in tiny.generate(PROMPT, params) if step.kind == "token"]
    second_turn = [*PROMPT, *first, 17, 99, 45]
    expected = told(alone(TextEngine.load(folder), second_turn, params))
    sizes = rows_read(tiny)
    assert told(alone(tiny, second_turn, params)) == expected
    assert sum(sizes[:1]) <= 4, "the question and the reply's last token"
    sizes.clear()
    branch = [*PROMPT[:60], 5, 6, 7]
    assert told(alone(tiny, branch, params)) == told(alone(TextEngine.load(folder), branch, params))
    assert sizes[0] == 3


@needs_packing
def test_the_same_prompt_again_reads_its_last_token_only(tiny, rows_read) -> None:
    params = SamplingParams(seed=5, max_tokens=3)
    before = told(alone(tiny, PROMPT, params))
    sizes = rows_read(tiny)
    assert told(alone(tiny, PROMPT, params)) == before
    assert sizes[0] == 1


@needs_packing
def test_beginnings_stay_within_their_memory(tiny) -> None:
    cache = tiny.model.new_cache(200)
    tiny.model(torch.arange(200), cache)
    room = 3 * sum(each.nbytes for each in cache.beginning(100))
    prefixes = PrefixCache(room)
    for start in range(8):
        prefixes.keep([start, *range(100)], cache)
        assert prefixes.bytes <= room
    assert prefixes.longest([0, *range(100)]) is None, "the oldest is gone"
    assert prefixes.longest([7, *range(100)]) is not None
    assert PrefixCache(0).keep(list(range(200)), cache) is None
    assert PrefixCache(0).bytes == 0


def test_floats_keep_no_beginnings(folder) -> None:
    engine = TextEngine.load(folder, dtype=torch.float32)
    alone(engine, PROMPT, SamplingParams(max_tokens=3))
    assert engine.prefixes.bytes == 0


@needs_packing
def test_the_scores_of_several_rows_are_those_of_one_after_the_other(tiny) -> None:
    one, other = PROMPT[:70], PROMPT[20:50]
    caches = [tiny.model.new_cache(100) for _ in range(4)]
    expected = [tiny.model(torch.tensor([token]), caches[0]) for token in one][-5:]
    expected += [tiny.model(torch.tensor([token]), caches[1]) for token in other][-1:]
    passages = [Passage(torch.tensor(one), caches[2], 5), Passage(torch.tensor(other), caches[3])]
    assert torch.equal(tiny.model.read(passages), torch.stack(expected))
