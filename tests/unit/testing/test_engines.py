"""The engines of the kit keep the contract of the real ones, as far as a task can see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from studio.api import (
    ChatMessage,
    EmbeddingEngine,
    Event,
    Params,
    SamplingParams,
    StudioError,
    TaskContext,
    TextEngine,
    write_text,
    write_texts,
)
from studio.testing.engines import FakeEmbeddingEngine, FakeTextEngine
from studio.testing.plugins import Made, run_task

ASKED: list[ChatMessage] = [{"role": "user", "content": "Write about rain"}]


def run(engine: TextEngine, *samplings: SamplingParams) -> Made:
    def task(ctx: TaskContext, params: Params) -> Iterator[Event]:
        with ctx.lease("any") as lent:
            if len(samplings) == 1:
                written = [(yield from write_text(ctx, lent, ASKED, samplings[0], weights="any"))]
            else:
                written = yield from write_texts(ctx, lent, ASKED, samplings, weights="any")
        yield ctx.result(
            texts=[each.text for each in written], ends=[each.finish_reason for each in written]
        )

    return run_task(task, Params(), models={"any": engine})


@pytest.mark.parametrize(
    ("sampling", "text", "end"),
    [
        (SamplingParams(), "It rains  all day.\n", "stop"),
        (SamplingParams(max_tokens=2), "It rains", "length"),
        (SamplingParams(stop=("day",)), "It rains  all ", "stop_string"),
    ],
)
def test_a_text_is_written_as_the_test_gave_it(
    sampling: SamplingParams, text: str, end: str
) -> None:
    engine = FakeTextEngine("It rains  all day.\n")
    made = run(engine, sampling)
    assert made.result == {"texts": [text], "ends": [end]}
    assert made.text == text, "it came piece by piece"
    assert engine.prompts == ["user: Write about rain"]
    assert engine.samplings == [sampling]


def test_several_texts_come_after_one_prompt() -> None:
    engine = FakeTextEngine("one two", "three")
    made = run(engine, SamplingParams(seed=1), SamplingParams(seed=2))
    assert made.result["texts"] == ["one two", "three"]
    assert len(engine.prompts) == 1
    assert [each.seed for each in engine.samplings] == [1, 2]


def test_what_does_not_fit_the_context_is_dropped_or_refused() -> None:
    turns: list[ChatMessage] = [{"role": "user", "content": word} for word in ("old", "new")]
    assert FakeTextEngine(context_length=100).fit(turns, 10).dropped == 0
    assert FakeTextEngine(context_length=12).fit(turns, 10).dropped == 1
    with pytest.raises(StudioError, match="does not fit"):
        FakeTextEngine(context_length=8).fit(turns, 10)
    with pytest.raises(StudioError, match="does not fit"):
        FakeTextEngine(context_length=1).encode("two words")


def test_more_texts_than_were_given_are_a_fault_of_the_test() -> None:
    with pytest.raises(AssertionError, match="more texts than the test gave"):
        run(FakeTextEngine(), SamplingParams())


@pytest.mark.torch
def test_texts_are_alike_by_their_words() -> None:
    engine: EmbeddingEngine = FakeEmbeddingEngine()
    texts = ["the cat sat", "a dog ran far away today", "the cat slept", "the cat sat", "x"]
    rows: dict[int, Any] = {}
    for places, vectors in engine.embed(texts):
        assert len(places) == len(vectors) <= 4
        rows |= dict(zip(places, vectors, strict=True))
    assert sorted(rows) == [0, 1, 2, 3, 4]
    assert float(rows[0] @ rows[3]) == pytest.approx(1)
    assert float(rows[0] @ rows[2]) > float(rows[0] @ rows[1])
