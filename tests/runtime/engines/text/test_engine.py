"""A text is written step by step: cancellable, repeatable, within limits, leaving nothing."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch

from studio.api.worker.text import SamplingParams, TextStep
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.attention import KeyValueCache
from studio.runtime.engines.text.engine import TextEngine, load_steps, without_oldest
from studio.runtime.engines.text.generation.generation import chunk_size
from studio.runtime.engines.text.generation.prompt_lookup import MOST_GUESSED
from studio.runtime.engines.text.loader import TextLoader
from tests.runtime.engines import tiny_models

GREEDY = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=12)
ASK = [{"role": "user", "content": "Name three primary colours."}]


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory) -> Path:
    return tiny_models.save_folder(tiny_models.reference(), tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def tiny(tiny_folder) -> TextEngine:
    return TextEngine.load(tiny_folder)


def write(engine: TextEngine, ids, params=GREEDY) -> list[TextStep]:
    return list(engine.generate(ids, params))


def text_of(steps: list[TextStep]) -> str:
    return "".join(step.text for step in steps)


# --- steps ------------------------------------------------------------------------------------


def test_steps_in_order(engine) -> None:
    ids = engine.encode("once upon a time there was " * 100)[:600]
    steps = write(engine, ids, SamplingParams(temperature=0, max_tokens=2))
    assert [step.kind for step in steps] == ["prefill"] * 5 + ["token"] * 2 + ["end"]
    assert [(s.done, s.total) for s in steps[3:5]] == [(528, 600), (600, 600)]


def test_no_step_reads_more_than_a_chunk_or_a_token_and_a_guess(engine, monkeypatch) -> None:
    sizes: list[int] = []
    read = type(engine.model).read
    monkeypatch.setattr(
        type(engine.model),
        "read",
        lambda self, all_: sizes.extend(len(p.tokens) for p in all_) or read(self, all_),
    )
    seen = [len(sizes) for _ in engine.generate(engine.encode("word " * 300), GREEDY)]
    assert max(b - a for a, b in zip([0, *seen], seen, strict=False)) == 1
    assert sizes[:2] == [132, 132]
    assert max(sizes[3:]) <= 1 + MOST_GUESSED


def test_large_models_read_fewer_tokens_a_step() -> None:
    sizes = [chunk_size(parameters, "cpu") for parameters in (10**5, 134_515_008, 10**9, 10**11)]
    assert sizes == [132, 132, 132, 24]
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


# --- stop strings -----------------------------------------------------------------------------


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


# --- seeds, threads, neighbours ---------------------------------------------------------------


def test_same_seed_same_text_other_seed_other_text(engine) -> None:
    ids = engine.render(ASK)
    texts = [text_of(write(engine, ids, SamplingParams(seed=s, max_tokens=12))) for s in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_same_bits_on_any_number_of_threads(engine) -> None:
    params = SamplingParams(seed=9, temperature=1.2, max_tokens=4)
    ids = engine.render([*ASK, {"role": "assistant", "content": "Red. " * 50}, *ASK])
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


# --- stopping and letting go ------------------------------------------------------------------


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


# --- loading ----------------------------------------------------------------------------------


def test_loading_goes_in_steps_up_to_one(tiny_folder) -> None:
    shares = list(load_steps(tiny_folder))
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    assert len(shares) > 20


def test_loading_can_be_stopped_and_lets_go(starter) -> None:
    process = psutil.Process()
    open_before = len(process.open_files())
    steps = load_steps(starter)
    for _ in range(10):
        next(steps)
    assert len(process.open_files()) > open_before, "control"
    steps.close()
    gc.collect()
    assert len(process.open_files()) == open_before


def test_loading_does_not_touch_the_global_generator(tiny_folder) -> None:
    """The shared fixture checks it; this is here to be found by name."""
    TextEngine.load(tiny_folder)


def test_a_closed_engine_gives_its_memory_back(tiny_folder) -> None:
    engine = TextEngine.load(tiny_folder)
    weight = weakref.ref(engine.model.norm.weight)
    engine.close()
    gc.collect()
    assert weight() is None


def test_no_memory_is_a_sentence(tiny_folder, monkeypatch) -> None:
    from studio.runtime.engines.text.decoder import llama

    def full(*_, **__) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate")

    monkeypatch.setattr(llama.Llama, "allocate_packed", full)
    with pytest.raises(StudioError) as caught:
        TextEngine.load(tiny_folder)
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY


def test_weights_that_are_no_numbers_are_told(tmp_path) -> None:
    model = tiny_models.reference()
    model.model.norm.weight.data[3] = float("nan")
    engine = TextEngine.load(tiny_models.save_folder(model, tmp_path))
    with pytest.raises(StudioError, match="invalid numbers"):
        write(engine, [5, 6])


# --- the context ------------------------------------------------------------------------------


def test_a_prompt_as_long_as_the_context_is_refused_with_numbers(tiny) -> None:
    with pytest.raises(StudioError) as caught:
        write(tiny, [5] * 256)
    assert caught.value.code is ErrorCode.CONTEXT_TOO_LONG
    assert "256 tokens long" in caught.value.message
    assert write(tiny, [5] * 255, SamplingParams(max_tokens=9))[-1].done <= 1
    with pytest.raises(StudioError, match="1,000,000 tokens long"):
        write(tiny, [5] * 1_000_000)


def test_a_full_context_ends_the_text(tiny) -> None:
    params = SamplingParams(seed=4, temperature=2.0, min_p=0, max_tokens=1_000)
    end = write(tiny, [5] * 250, params)[-1]
    assert end.finish_reason in ("context", "stop")
    reasons = {write(tiny, [i] * 250, params)[-1].finish_reason for i in range(5, 25)}
    assert "context" in reasons


@pytest.mark.parametrize("ids", [[], [-1], [300], [5, 1 << 40]])
def test_ids_of_no_use_are_refused(tiny, ids) -> None:
    with pytest.raises(StudioError) as caught:
        write(tiny, ids)
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_a_limit_of_context_is_kept(tiny_folder) -> None:
    whole = TextEngine.load(tiny_folder)
    engine = whole.limited(64)
    assert engine.context_length == 64
    assert whole.limited(10_000).context_length == 256
    with pytest.raises(StudioError, match="64") as caught:
        write(engine, [5] * 64)
    assert "raise this model's context limit" in caught.value.hint
    loader = TextLoader()
    assert loader.limited(whole, 64).context_length == 64
    needs = [loader.measure(tiny_folder, context_limit=limit).working_bytes for limit in (0, 64)]
    per_token = whole.model.config.cache_values_per_token * 4
    assert needs[0] - needs[1] == (256 - 64) * per_token
    assert engine.more_bytes(64) == 0
    assert engine.more_bytes(64, texts=2) == 64 * per_token
    whole.close()
    assert engine.model.weights_bytes < 1000, "nobody keeps the weights by a limit"


@pytest.mark.parametrize("text", ["word " * 2_000_000, "a" * 10_000_000, "\n" * 10_000_000])
def test_ten_megabytes_are_refused_at_once(engine, text) -> None:
    started = time.process_time()
    for call in (engine.count, engine.encode, lambda t: engine.fit(message(t), 100)):
        with pytest.raises(StudioError) as caught:
            call(text)
        assert caught.value.code is ErrorCode.CONTEXT_TOO_LONG
        assert "8,192" in caught.value.message
    assert time.process_time() - started < 20


def message(text: str) -> list:
    return [{"role": "user", "content": text}]


def talk(turns: int, words: int = 1, system: bool = True) -> list:
    messages = [{"role": "system", "content": "Be brief."}] if system else []
    for number in range(turns):
        messages.append({"role": "user", "content": f"q{number} " * words})
        messages.append({"role": "assistant", "content": f"a{number} " * words})
    return [*messages, {"role": "user", "content": "last question"}]


def test_what_fits_is_left_whole(engine) -> None:
    messages = talk(3)
    fitted = engine.fit(messages, 500)
    assert fitted.dropped == 0
    assert list(fitted.ids) == engine.render(messages)
    assert fitted.note == ""


def test_the_oldest_turns_go_first_and_the_system_prompt_stays(tiny) -> None:
    messages = talk(12)
    fitted = tiny.fit(messages, 50)
    assert fitted.dropped > 0
    assert fitted.dropped % 2 == 0, "question and answer go together"
    assert len(fitted.ids) <= 256 - 50
    kept = [messages[0], *messages[1 + fitted.dropped :]]
    assert list(fitted.ids) == tiny.render(kept)
    more = [messages[0], *messages[fitted.dropped - 1 :]]
    assert len(tiny.render(more)) > 256 - 50, "no more than needed"


def test_a_reserve_that_cannot_be_had_yields_to_the_last_question(tiny) -> None:
    fitted = tiny.fit(talk(12), 10_000)
    assert fitted.dropped == 24
    assert len(fitted.ids) < 256


def test_a_last_question_that_does_not_fit_is_refused_with_numbers(tiny) -> None:
    with pytest.raises(StudioError) as caught:
        tiny.fit([*talk(3), {"role": "user", "content": "x" * 300}], 10)
    assert caught.value.code is ErrorCode.CONTEXT_TOO_LONG
    assert "256" in caught.value.message
    assert caught.value.hint


def test_an_endless_old_message_does_not_stop_the_talk(engine) -> None:
    messages = [*message("x" * 10_000_000), {"role": "assistant", "content": "ok"}, *message("hi")]
    fitted = engine.fit(messages, 100)
    assert fitted.dropped == 2
    assert list(fitted.ids) == engine.render(message("hi"))


def test_a_begun_reply_is_continued_not_answered(engine) -> None:
    asked = [{"role": "user", "content": "Count to five."}]
    begun = [*asked, {"role": "assistant", "content": "One, two,"}]
    prompt = engine.tokenizer.decode(engine.fit(begun, 100).ids)
    assert prompt.endswith("One, two,")
    assert prompt.startswith(engine.tokenizer.decode(engine.fit(asked, 100).ids))


def test_a_reply_that_filled_the_context_goes_on_without_the_oldest_turns(tiny) -> None:
    messages, long = talk(5), SamplingParams(seed=4, temperature=2.0, min_p=0, max_tokens=1_000)
    first = next(
        steps
        for seed in range(20)
        if (steps := write(tiny, tiny.fit(messages, 50).ids, replace(long, seed=seed)))[
            -1
        ].finish_reason
        == "context"
    )
    begun = [*messages, {"role": "assistant", "content": text_of(first)}]
    on = tiny.fit(begun, 50)
    assert 0 < on.dropped < len(messages)
    assert len(on.ids) <= 256 - 50
    assert tiny.tokenizer.decode(on.ids).endswith(text_of(first))
    assert write(tiny, on.ids, GREEDY)[-1].done > 0


def test_a_thousand_turns_are_fitted_with_few_renders(engine, monkeypatch) -> None:
    renders: list[int] = []
    render = type(engine.template).render
    monkeypatch.setattr(
        type(engine.template),
        "render",
        lambda self, messages, **how: renders.append(1) or render(self, messages, **how),
    )
    fitted = engine.fit(talk(1_000, words=10), 500)
    assert fitted.dropped > 0
    assert len(fitted.ids) <= 8192 - 500
    assert len(renders) <= 14


def test_without_oldest() -> None:
    messages = talk(2)
    assert without_oldest(messages, 0) == messages
    assert without_oldest(messages, 1) == [messages[0], *messages[3:]]
    assert without_oldest(messages, 2) == [messages[0], messages[-1]]
    bare = talk(1, system=False)
    assert without_oldest(bare, 1) == [bare[-1]]


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


def test_counting(engine) -> None:
    assert engine.count("") == 0
    assert engine.count("Hello world") == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu(tiny_folder, tiny) -> None:
    engine = TextEngine.load(tiny_folder, device="cuda", dtype=torch.float32)
    assert engine.model.device.type == "cuda"
    ours = [step.token for step in write(engine, [5, 6, 7, 8])]
    assert ours == [step.token for step in write(tiny, [5, 6, 7, 8])]
