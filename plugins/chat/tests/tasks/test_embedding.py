"""Texts become vectors and are compared by them: in order, in steps, within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch

from studio.api import BadInput, StudioError
from studio.testing.plugins import run_task
from studio_chat.schema import Embed, Rank
from studio_chat.tasks.embedding import MAX_TEXTS, embed
from studio_chat.tasks.relevance import rank
from studio_chat.worker import studio_tasks


class Encoder:
    """Says how long a text is; the longest come first, two a step."""

    width = 2
    longest = 4
    fingerprint = "pretend"

    def count(self, text: str) -> int:
        return len(text)

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[tuple[int, ...], torch.Tensor]]:
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        for start in range(0, len(order), 2):
            indices = tuple(order[start : start + 2])
            yield indices, torch.tensor([[float(len(texts[index])), 1.0] for index in indices])


def run(texts: list[str], **more: Any) -> Any:
    return run_task(
        embed, Embed.parse({"texts": texts, "weights": "tiny"}), models={"tiny": Encoder()}, **more
    )


def test_each_text_has_its_vector_in_the_order_of_the_texts() -> None:
    made = run(["a", "ccccc", "bb"])
    assert made.result["vectors"] == [[1.0, 1.0], [5.0, 1.0], [2.0, 1.0]]
    assert made.result["width"] == 2
    assert made.result["shortened"] == [1]
    assert made.result["tokens"] == 1 + 4 + 2
    assert [event.done for event in made.progress] == [0, 2, 3]
    assert studio_tasks()["chat.embed"] is embed


def test_texts_of_any_language_have_the_other_model_and_its_prefixes() -> None:
    class Other(Encoder):
        prefixes = ("query: ", "passage: ")

    models = {"tiny": Encoder(), "other": Other()}
    asked = {"texts": ["a"], "weights": "tiny", "multilingual": "other", "languages": "any"}

    def first(**more: Any) -> float:
        made = run_task(embed, Embed.parse({**asked, **more}), models=models)
        return float(made.result["vectors"][0][0])

    assert first() == len("passage: a")
    assert first(purpose="question") == len("query: a")
    assert first(languages="english") == 1
    with pytest.raises(StudioError, match="No embedding model"):
        first(multilingual=None)


def test_it_stops_within_a_step() -> None:
    assert run(["a"] * 20, stop_after=3).cancelled


@pytest.mark.parametrize(
    "texts", [[], ["a"] * (MAX_TEXTS + 1), ["a" * 3_000_000]], ids=["none", "many", "long"]
)
def test_what_cannot_be_one_job_is_refused_in_a_sentence(texts: list[str]) -> None:
    with pytest.raises(BadInput):
        run(texts)


def ranked(models: dict[str, Any], **params: Any) -> Any:
    return run_task(rank, Rank.parse(params), models=models)


def test_texts_are_compared_by_meaning_where_there_is_an_encoder_else_by_words() -> None:
    asked = {"questions": ["bb cc", "a"], "texts": ["bb", "cccc"]}
    near = ranked({"tiny": Encoder()}, **asked, encoder="tiny", multilingual=None).result
    assert near == {"similarity": [[11.0, 21.0], [3.0, 5.0]], "found_by": "meaning"}
    words = ranked({}, **asked, encoder=None, multilingual=None).result
    assert words["found_by"] == "words"
    assert words["similarity"][0][0] > 0 == words["similarity"][0][1]


@pytest.mark.parametrize(
    ("questions", "texts"), [([], ["a"]), (["a"], []), (["a"], ["a" * 3_000_000])]
)
def test_what_cannot_be_compared_is_refused(questions: list[str], texts: list[str]) -> None:
    with pytest.raises(BadInput):
        ranked({}, questions=questions, texts=texts, encoder=None, multilingual=None)
