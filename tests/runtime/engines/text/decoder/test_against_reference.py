"""The starter model writes, token for token, what transformers writes from the same file."""

from __future__ import annotations

import pytest
import torch

from studio.api.worker.text import SamplingParams
from studio.runtime.engines.text.engine import TextEngine

pytestmark = [pytest.mark.torch, pytest.mark.slow]

QUESTIONS = {
    "Write a Python function that reverses a string.": 40,
    "Liste drei Gründe, warum Bäume wichtig sind. 🌳 请用中文再说一遍。": 16,
}
"""And how many tokens of the answer are compared."""


@pytest.fixture(scope="module")
def engine(starter) -> TextEngine:
    """The starter model on the exact path: the default one rounds weights to 15 bits."""
    return TextEngine.load(starter, dtype=torch.float32)


def rendered(engine, reference, question) -> list[int]:
    """Return the prompt, which is the reference's."""
    messages = [{"role": "user", "content": question}]
    expected = reference[1].apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
    ids: list[int] = engine.render(messages)
    assert ids == list(expected)
    return ids


def written(engine, ids, count) -> list[int]:
    greedy = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=count)
    ours = [step.token for step in engine.generate(ids, greedy) if step.kind == "token"]
    assert len(ours) > 8
    return ours


def test_greedy_tokens_are_equal(engine, reference) -> None:
    question = "Why is the sky blue? Explain it to a child in two sentences."
    ids = rendered(engine, reference, question)
    with torch.inference_mode():
        output = (
            reference[0]
            .generate(torch.tensor([ids]), max_new_tokens=16, do_sample=False, pad_token_id=2)[
                0, len(ids) :
            ]
            .tolist()
        )
    ours = written(engine, ids, 16)
    assert ours == [token for token in output if token not in engine.tokenizer.vocabulary.ends]


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_token_is_the_likeliest_after_those_before(engine, reference, question) -> None:
    """Which is what greedy tokens are; the reference reads all at once, and need not write."""
    ids, count = rendered(engine, reference, question), QUESTIONS[question]
    ours, ends = written(engine, ids, count), engine.tokenizer.vocabulary.ends
    with torch.inference_mode():
        scores = reference[0](torch.tensor([[*ids, *ours]])).logits[0, len(ids) - 1 :]
    *likeliest, last = scores.argmax(-1).tolist()
    assert ours == likeliest
    assert len(ours) == count or last in ends


def test_scores_of_a_long_prompt_are_close(engine, reference) -> None:
    model, _ = reference
    ids = engine.tokenizer.encode("All happy families are alike; each unhappy one is not. " * 46)
    assert len(ids) > 512, "several chunks"
    cache = engine.model.new_cache(len(ids))
    for start in range(0, len(ids), 256):
        ours = engine.model(torch.tensor(ids[start : start + 256]), cache)
    with torch.inference_mode():
        theirs = model(torch.tensor([ids])).logits[0, -1]
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=1e-3)
