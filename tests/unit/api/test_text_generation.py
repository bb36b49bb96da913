"""Text as steps of a task: what is read, leased, told and returned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from studio.api import ChatMessage, SamplingParams, TextStep, fit_prompt, write_text, write_texts
from studio.api.worker.context import ProgressEvent, TextEvent
from studio.api.worker.text import FittedPrompt

ASKED: list[ChatMessage] = [{"role": "user", "content": "Count."}]


class Engine:
    """Counts; what it is asked for is kept."""

    context_length = 100

    def __init__(self, usual: int = 1000) -> None:
        self.usual, self.closed = usual, 0
        self.reserve = 0
        self.asked: list[SamplingParams] = []

    def fit(self, messages: Sequence[ChatMessage], reserve: int) -> FittedPrompt:
        self.reserve = reserve
        return FittedPrompt([1, 2, 3], dropped=2, note="plain")

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def more_bytes(self, tokens: int, texts: int = 1) -> int:
        return max(0, tokens * texts - self.usual)

    def generate(self, ids: Sequence[int], params: SamplingParams) -> Iterator[TextStep]:
        self.asked.append(params)
        try:
            yield TextStep("prefill", len(ids), len(ids), reduced="half of it at a time")
            yield TextStep("token", 1, params.max_tokens, f"{len(ids)} ", 7)
            yield TextStep("token", 2, params.max_tokens, "", 8)
            yield TextStep("end", 3, params.max_tokens, "!", 9, "length", len(ids), 0.5, 20.0)
        finally:
            self.closed += 1

    def generate_many(
        self, ids: Sequence[int], params: Sequence[SamplingParams]
    ) -> Iterator[tuple[int, TextStep]]:
        for number, each in enumerate(params):
            for step in self.generate(ids, each):
                yield number, step


class Context:
    """The little of a context that is used."""

    def __init__(self, *, is_private: bool = False) -> None:
        self.is_private = is_private
        self.leased: list[tuple[str, int]] = []
        self.said: list[str] = []

    @contextmanager
    def lease(self, weights: str, working_bytes: int = 0) -> Iterator[None]:
        self.leased.append((weights, working_bytes))
        yield
        self.leased.append((weights, -working_bytes))

    def reduced(self, words: str) -> None:
        self.said.append(words)

    def progress(self, done: float, total: float, message: str = "") -> ProgressEvent:
        return ProgressEvent(done, total, message)

    def text(self, text: str, tokens: int = 0, channel: str = "") -> TextEvent:
        return TextEvent(text, tokens, channel)


def run(steps):
    """Return the events of ``steps``, and what it returns."""
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


def test_a_text_comes_in_steps_and_is_returned_with_its_figures() -> None:
    ctx, engine = Context(), Engine()
    wish = SamplingParams(max_tokens=20)
    events, written = run(
        write_text(ctx, engine, ASKED, wish, weights="w", message="Reading", channel="answer")
    )
    assert events == [
        ProgressEvent(0, 0, "Reading"),
        ProgressEvent(3, 3, "Reading"),
        TextEvent("3 ", 1, "answer"),
        None,
        TextEvent("!", 3, "answer"),
    ]
    assert (written.text, written.tokens, written.prompt_tokens) == ("3 !", 3, 3)
    assert (written.first_token_seconds, written.tokens_per_second) == (0.5, 20.0)
    assert written.finish_reason == "length"
    assert written.is_cut
    assert ctx.said == ["half of it at a time"]
    assert not ctx.leased, "an usual text takes no second lease"
    assert engine.reserve == 20


def test_an_answer_claims_half_of_the_context_at_the_most() -> None:
    engine = Engine()
    assert fit_prompt(engine, ASKED, 90).dropped == 2
    assert engine.reserve == 50


def test_plain_text_is_gone_on_with_as_it_is() -> None:
    engine = Engine()
    assert fit_prompt(engine, "one", 90) == FittedPrompt([111, 110, 101])
    _events, written = run(write_text(Context(), engine, "Once", SamplingParams(), weights="w"))
    assert written.text == "4 !"


def test_a_long_text_leases_what_it_takes_beyond_the_usual() -> None:
    ctx = Context()
    run(write_text(ctx, Engine(usual=10), ASKED, SamplingParams(max_tokens=40), weights="w"))
    assert ctx.leased == [("w", 33), ("w", -33)]
    wishes = [SamplingParams(max_tokens=20), SamplingParams(max_tokens=40)]
    ctx = Context()
    run(write_texts(ctx, Engine(usual=10), ASKED, wishes, weights="w"))
    assert ctx.leased == [("w", 76), ("w", -76)], "twice the longest of them"


def test_several_texts_have_a_channel_each() -> None:
    wishes = [SamplingParams(seed=seed) for seed in (1, 2, 3)]
    engine = Engine()
    events, written = run(write_texts(Context(), engine, ASKED, wishes, weights="w"))
    assert [each.text for each in written] == ["3 !"] * 3
    channels = [each.channel for each in events if isinstance(each, TextEvent)]
    assert list(dict.fromkeys(channels)) == ["answer", "answer 2", "answer 3"]
    assert [each.seed for each in engine.asked] == [1, 2, 3]


@pytest.mark.parametrize("many", [False, True])
def test_what_a_private_job_writes_is_private_too(many: bool) -> None:
    for is_private in (False, True):
        ctx, engine, wish = Context(is_private=is_private), Engine(), SamplingParams()
        steps = (
            write_texts(ctx, engine, ASKED, [wish, wish], weights="w")
            if many
            else write_text(ctx, engine, ASKED, wish, weights="w")
        )
        run(steps)
        assert {each.is_private for each in engine.asked} == {is_private}


def test_a_task_may_end_a_text_early() -> None:
    engine = Engine()
    steps = write_text(
        Context(),
        engine,
        ASKED,
        SamplingParams(),
        weights="w",
        ends_after=lambda pieces, step: pieces == ["3 "] and step.done == 1,
    )
    _events, written = run(steps)
    assert (written.text, written.finish_reason, written.tokens) == ("3 ", "ended", 1)
    assert engine.closed == 1


def test_of_many_texts_one_is_ended_and_all_are_over_with_the_others() -> None:
    class Together(Engine):
        def generate_many(
            self, ids: Sequence[int], params: Sequence[SamplingParams]
        ) -> Iterator[tuple[int, TextStep]]:
            try:
                for done in range(1, 1000):
                    yield 0, TextStep("token", done, 1000, "a", 7)
                    if done < 3:
                        yield 1, TextStep("token", done, 1000, "b", 7)
                    if done == 3:
                        yield 1, TextStep("end", 3, 1000, "!", 7, "stop")
                    self.steps = done
            finally:
                self.closed += 1

    engine, wish = Together(), SamplingParams()
    _events, written = run(
        write_texts(
            Context(), engine, ASKED, [wish, wish], weights="w",
            ends_after=lambda pieces, step: "".join(pieces) == "aa",
        )
    )  # fmt: skip
    assert [(each.text, each.finish_reason) for each in written] == [
        ("aa", "ended"),
        ("bb!", "stop"),
    ]
    assert (engine.closed, engine.steps) == (1, 2), "nothing waits for the one that was ended"


def test_a_text_that_is_stopped_leaves_its_pieces_and_no_cache() -> None:
    engine, pieces = Engine(), []
    steps = write_text(Context(), engine, ASKED, SamplingParams(), weights="w", into=pieces)
    for event in steps:
        if isinstance(event, TextEvent):
            break
    steps.close()
    assert pieces == ["3 "]
    assert engine.closed == 1
