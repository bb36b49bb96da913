"""A text is written step by step: cancellable, repeatable, within limits, leaving nothing."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
import torch

from studio.api.worker.text import SamplingParams
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.attention import KeyValueCache
from studio.runtime.engines.text.decoder.protocol import chunk_size
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.generation.prompt_lookup import MOST_GUESSED
from tests.runtime.engines import tiny_models
from tests.runtime.engines.text.greedy_text import GREEDY, text_of, write

ASK = [{"role": "user", "content": "Name three primary colours."}]


def test_steps_in_order(engine) -> None:
    ids = engine.encode("once upon a time there was " * 100)[:600]
    steps = write(engine, ids, SamplingParams(temperature=0, max_tokens=2))
    assert [step.kind for step in steps] == ["prefill"] * 3 + ["token"] * 2 + ["end"]
    assert [(s.done, s.total) for s in steps[1:3]] == [(528, 600), (600, 600)]


def test_no_step_reads_more_than_a_chunk_or_a_token_and_a_guess(engine, monkeypatch) -> None:
    sizes: list[int] = []
    read = type(engine.model).read
    monkeypatch.setattr(
        type(engine.model),
        "read",
        lambda self, all_: sizes.extend(len(p.tokens) for p in all_) or read(self, all_),
    )
    seen = [len(sizes) for _ in engine.generate(engine.encode("word " * 600), GREEDY)]
    assert max(b - a for a, b in zip([0, *seen], seen, strict=False)) == 1
    assert sizes[:2] == [264, 264]
    assert max(sizes[3:]) <= 1 + MOST_GUESSED


def test_large_models_read_fewer_tokens_a_step() -> None:
    sizes = [chunk_size(parameters, "cpu") for parameters in (10**5, 134_515_008, 10**9, 10**11)]
    assert sizes == [264, 264, 144, 24]
    assert chunk_size(10**11, "cuda") == 512


def test_the_last_step_counts(engine) -> None:
    ids = engine.render(ASK)
    *tokens, end = write(engine, ids)
    new = [step for step in tokens if step.kind == "token"]
    assert end.kind == "end"
    assert end.prompt_tokens == len(ids)
    assert end.done == len(new) == 12
    assert end.finish_reason == "length"
    assert end.first_token_seconds > 0
    assert end.tokens_per_second > 0
    assert text_of([*tokens, end]) == engine.tokenizer.decode([step.token for step in new])


def test_it_ends_where_the_model_ends_it(engine) -> None:
    ids = engine.render([{"role": "user", "content": "Say only the word yes."}])
    steps = write(engine, ids, SamplingParams(temperature=0, repetition_penalty=1, max_tokens=400))
    assert steps[-1].finish_reason == "stop"
    assert "<|im_end|>" not in text_of(steps)


def test_text_and_tokens_agree_on_every_step(engine) -> None:
    ids = engine.render([{"role": "user", "content": "Repeat after me: 🙂 今天 naïve"}])
    for seed in range(3):
        steps = write(engine, ids, SamplingParams(seed=seed, temperature=1.5, max_tokens=16))
        assert "\ufffd" not in text_of(steps[:-1])
        tokens = [step.token for step in steps if step.kind == "token"]
        assert engine.tokenizer.decode(tokens).removesuffix("\ufffd") == text_of(steps)


def test_a_stop_string_ends_the_text_and_is_not_part_of_it(engine) -> None:
    ids = engine.render(ASK)
    whole = text_of(write(engine, ids))
    for start in (3, len(whole) // 2):
        stop = whole[start : start + 5]
        params = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=12, stop=(stop,))
        steps = write(engine, ids, params)
        assert steps[-1].finish_reason == "stop_string"
        assert text_of(steps) == whole[: whole.index(stop)]


def test_what_looked_like_a_stop_string_comes_in_the_end(engine) -> None:
    ids = engine.render(ASK)
    whole = text_of(write(engine, ids))
    params = SamplingParams(
        temperature=0, repetition_penalty=1, max_tokens=12, stop=(whole[-4:] + "never",)
    )
    assert text_of(write(engine, ids, params)) == whole


def test_same_seed_same_text_other_seed_other_text(engine) -> None:
    ids = engine.render(ASK)
    texts = [text_of(write(engine, ids, SamplingParams(seed=s, max_tokens=12))) for s in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_same_bits_on_any_number_of_threads(engine) -> None:
    params = SamplingParams(seed=9, temperature=1.2, max_tokens=4)
    ids = engine.render([*ASK, {"role": "assistant", "content": "Red. " * 40}, *ASK])
    assert len(ids) > 128, "more than one chunk"
    before, texts, last = torch.get_num_threads(), [], []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            engine.prefixes.clear()
            texts.append([step.token for step in write(engine, ids, params)])
            last.append(engine.model(torch.tensor(ids[:40]), engine.model.new_cache(40)))
    finally:
        torch.set_num_threads(before)
    assert texts[0] == texts[1]
    assert torch.equal(last[0], last[1])


def test_two_texts_in_turns_are_the_same_as_one_after_the_other(engine) -> None:
    prompts = [engine.render(ASK), engine.render([{"role": "user", "content": "What is rain?"}])]
    params = SamplingParams(seed=3, max_tokens=8)
    alone = [text_of(write(engine, ids, params)) for ids in prompts]
    running = [engine.generate(ids, params) for ids in prompts]
    texts = ["", ""]
    while any(running):
        for index, steps in enumerate(running):
            if steps is not None and (step := next(steps, None)) is not None:
                texts[index] += step.text
            else:
                running[index] = None
    assert texts == alone


def test_two_threads_at_once(tiny) -> None:
    params = SamplingParams(seed=3, max_tokens=60)
    prompts = [[5, 9, 80, 7], list(range(10, 90))]
    alone = [text_of(write(tiny, ids, params)) for ids in prompts]
    found: dict[int, str] = {}

    def work(index: int) -> None:
        found[index] = text_of(write(tiny, prompts[index], params))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[0], found[1]] == alone


def test_nothing_of_torch_is_changed_between_steps(engine) -> None:
    """What the shared fixture checks after a test, here after every step."""
    state = torch.random.get_rng_state()
    for _ in engine.generate(engine.render(ASK), SamplingParams(seed=1, max_tokens=8)):
        assert torch.equal(state, torch.random.get_rng_state())
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def test_closing_between_steps_frees_the_cache(tiny, monkeypatch) -> None:
    caches: list[weakref.ref[KeyValueCache]] = []
    new_cache = type(tiny.model).new_cache

    def watched(self, capacity: int) -> KeyValueCache:
        cache = new_cache(self, capacity)
        caches.append(weakref.ref(cache))
        return cache

    monkeypatch.setattr(type(tiny.model), "new_cache", watched)
    for steps_taken in (1, 2, 5):
        steps = tiny.generate(list(range(4, 100)), GREEDY)
        for _ in range(steps_taken):
            next(steps)
        assert caches[-1]() is not None, "control: it is held while the text is written"
        steps.close()
        assert caches[-1]() is None
    assert text_of(write(tiny, [5, 6, 7])) == text_of(write(tiny, [5, 6, 7]))


def test_a_hundred_texts_leave_no_memory_behind(tiny) -> None:
    def live() -> int:
        gc.collect()
        return sum(issubclass(type(item), torch.Tensor) for item in gc.get_objects())

    write(tiny, [5, 6, 7])
    before = live()
    for seed in range(100):
        write(tiny, [5, 6, 7], SamplingParams(seed=seed, max_tokens=5))
    assert live() <= before + 1


def test_the_cache_is_no_larger_than_the_text_may_become(tiny, monkeypatch) -> None:
    sizes: list[int] = []
    new_cache = type(tiny.model).new_cache
    monkeypatch.setattr(
        type(tiny.model),
        "new_cache",
        lambda self, capacity: sizes.append(capacity) or new_cache(self, capacity),
    )
    write(tiny, [5] * 10, SamplingParams(max_tokens=7))
    write(tiny, [5] * 250, SamplingParams(max_tokens=1000))
    assert sizes == [17, 256]


def test_memory_of_many_and_long_texts_is_told(engine) -> None:
    cache = engine.model.new_cache(4096)
    usual = cache.keys.nbytes + cache.values.nbytes
    assert engine.more_bytes(4096) == 0
    assert engine.more_bytes(100_000) == usual, "no more than the context of 8192"
    assert engine.more_bytes(2048, texts=16) == 7 * usual


@pytest.mark.parametrize("ids", [[], [-1], [300], [5, 1 << 40]])
def test_ids_of_no_use_are_refused(tiny, ids) -> None:
    with pytest.raises(StudioError) as caught:
        write(tiny, ids)
    assert caught.value.code is ErrorCode.BAD_INPUT


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "robot", "content": "x"}],
        [{"role": "user"}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": ["x"]}],
        [{"content": "x"}],
    ],
)
def test_malformed_messages_are_refused(engine, messages) -> None:
    for call in (engine.render, lambda m: engine.fit(m, 10)):
        with pytest.raises(StudioError) as caught:
            call(messages)
        assert caught.value.code is ErrorCode.BAD_INPUT


def test_a_hostile_template_leaves_a_model_that_talks(tmp_path) -> None:
    tiny_models.save_folder(tiny_models.reference(), tmp_path)
    tiny_models.byte_tokenizer(tmp_path, "{{ lipsum.__globals__ }}")
    engine = TextEngine.load(tmp_path)
    fitted = engine.fit(ASK, 50)
    assert "chat template failed" in fitted.note
    assert "Name three" in engine.tokenizer.decode(fitted.ids)
    assert write(engine, fitted.ids)[-1].kind == "end"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu(tiny_folder, tiny) -> None:
    engine = TextEngine.load(tiny_folder, device="cuda", dtype=torch.float32)
    assert engine.model.device.type == "cuda"
    ours = [step.token for step in write(engine, [5, 6, 7, 8])]
    assert ours == [step.token for step in write(tiny, [5, 6, 7, 8])]
