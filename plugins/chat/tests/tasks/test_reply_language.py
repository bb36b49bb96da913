"""A reply in another language than the question is written anew before anybody has read of it."""

from __future__ import annotations

from typing import Any

import pytest

from studio.testing.engines import FakeTextEngine
from studio.testing.plugins import Made, run_task
from studio_chat.schema import Reply
from studio_chat.tasks.reply import reply
from studio_chat.tasks.reply_language import ReplyLanguage

QUESTION = "Warum ist der Himmel am Tag blau und am Abend rot?"
GERMAN = "Das Licht der Sonne wird in der Luft gestreut, und das blaue am meisten."
ENGLISH = "The light of the sun is scattered by the air, and the blue of it is the most."
CHINESE = "天空是蓝色的，因为空气散射阳光。"


def ask(engine: FakeTextEngine, question: str, **more: Any) -> Made:
    values = {"prompt": question, "weights": "w", "max_tokens": 50, "assisted": True, **more}
    return run_task(reply, Reply.parse(values), models={"w": engine})


@pytest.mark.parametrize(
    ("question", "first", "second", "instruction"),
    [
        (QUESTION, ENGLISH, GERMAN, "Antworte auf Deutsch."),
        (QUESTION, CHINESE, GERMAN, "Antworte auf Deutsch."),
        ("Why is the sky blue?", CHINESE, ENGLISH, "in the language of this question"),
        ("Sky?", CHINESE, ENGLISH, "in the language of this question"),
    ],
)
def test_another_language_is_written_anew(
    question: str, first: str, second: str, instruction: str
) -> None:
    engine = FakeTextEngine(first, second)
    made = ask(engine, question)
    assert made.result["text"] == second
    assert "".join(made.texts.values()) == second, "nothing of the first was shown"
    assert instruction in engine.prompts[1]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (QUESTION, GERMAN),
        (QUESTION, "Streuung."),
        ("Why is the sky blue?", GERMAN),
        ("Translate into Chinese: The sky is blue.", CHINESE),
        ("Übersetze das: Der Himmel ist blau und das Meer ist es auch.", ENGLISH),
        ("What does 天空 mean?", CHINESE),
    ],
)
def test_what_may_be_in_that_language_is_shown(question: str, answer: str) -> None:
    engine = FakeTextEngine(answer, "no")
    made = ask(engine, question)
    assert "".join(made.texts.values()) == made.result["text"] == answer
    assert len(engine.prompts) == 1


def test_a_system_prompt_that_names_a_language_decides() -> None:
    engine = FakeTextEngine(ENGLISH, "no")
    assert ask(engine, QUESTION, system="Always answer in English.").result["text"] == ENGLISH


def test_what_is_not_assisted_stays_as_it_is() -> None:
    engine = FakeTextEngine(ENGLISH, "no")
    assert ask(engine, QUESTION, assisted=False).result["text"] == ENGLISH
    engine = FakeTextEngine("40.8")
    ask(engine, "What is 17 % of 240?", assisted=False)
    assert "Computed" not in engine.prompts[0]


def test_english_is_shown_from_its_first_letters_on() -> None:
    language = ReplyLanguage([{"role": "user", "content": "Why is the sky blue?"}])
    assert not language.is_judged
    assert language.judge(["“Th"]) is False
    assert language.is_judged


def test_what_a_question_asks_to_compute_stands_beside_it() -> None:
    engine = FakeTextEngine("It is 40.8.")
    ask(engine, "What is 17 % of 240?")
    assert "(Computed exactly: 17 % of 240 = 40.8)" in engine.prompts[0]
