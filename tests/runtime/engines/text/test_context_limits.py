"""What does not fit the context is refused with numbers, or the oldest turns go first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.api.worker.text import SamplingParams
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.loader import TextLoader
from studio.runtime.engines.text.tokenization.conversation import without_oldest
from tests.runtime.engines.text.greedy_text import GREEDY, text_of, write


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
def test_ten_megabytes_are_refused_before_they_are_cut_into_tokens(
    engine, text, monkeypatch
) -> None:
    cut: list[int] = []
    encode = type(engine.tokenizer).encode

    def seen(tokenizer, text: str, **more):
        cut.append(len(text))
        return encode(tokenizer, text, **more)

    monkeypatch.setattr(type(engine.tokenizer), "encode", seen)
    assert engine.count("hello") > 0
    assert cut == [5], "the control: this is where it would be seen"
    for call in (engine.count, engine.encode, lambda t: engine.fit(message(t), 100)):
        with pytest.raises(StudioError) as caught:
            call(text)
        assert caught.value.code is ErrorCode.CONTEXT_TOO_LONG
        assert "8,192" in caught.value.message
    assert max(cut) < len(text) / 10


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


def test_counting(engine) -> None:
    assert engine.count("") == 0
    assert engine.count("Hello world") == 2
