"""Lessons: questions held to a schema, passages that are in the text, marks; what Stop keeps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio.api import BadInput
from studio.testing.engines import FakeTextEngine
from studio.testing.plugins import run_task
from studio_chat.schema import Lesson, Mark
from studio_chat.tasks.lesson import lesson, mark, quoted

TEXT = (
    "The museum opened in 1962 in a tram depot in Graz. It shows 340 machines.\n\n"
    "Because the roof leaked, it was closed for repairs. They cost 4.2 million euros."
)


def section(question: str, answer: str, *wrong: str) -> str:
    told: dict[str, Any] = {"title": "T", "summary": "S.", "question": question, "answer": answer}
    return json.dumps(told | ({"wrong": list(wrong)} if wrong else {}))


def test_a_lesson_has_questions_whose_passages_are_in_the_text() -> None:
    engine = FakeTextEngine(
        section("When did it open?", "In 1962", "In 1970", "In 1999", "In 1962"),
        section("What did repairs cost?", "4.2 million euros"),
        context_length=200,
    )
    text = f"{TEXT.partition(chr(10))[0]}{' Trams are old.' * 10}\n\n{TEXT.split(chr(10))[2]}"
    made = run_task(lesson, Lesson.parse({"text": text, "weights": "any"}), models={"any": engine})
    first, second = made.result["sections"]
    assert sorted(first["choices"]) == ["In 1962", "In 1970", "In 1999"], "each once"
    assert first["quote"] == "The museum opened in 1962 in a tram depot in Graz."
    assert second["choices"] == []
    assert second["quote"] in text
    assert second["lines"] == [3, 3]
    assert engine.samplings[0].constraint is not None
    (saved,) = made.artifacts
    assert "**Question 2:** What did repairs cost?" in saved.text
    assert saved.text.index("## Answers") < saved.text.index("> They cost 4.2 million euros.")


def test_a_topic_is_written_about_first() -> None:
    engine = FakeTextEngine("Bees see blue. They dance.", section("What do bees see?", "Blue"))
    params = Lesson.parse({"topic": "Bees", "questions": "short", "weights": "any"})
    made = run_task(lesson, params, models={"any": engine})
    assert made.result["sections"][0]["quote"] == "Bees see blue."
    assert made.artifacts[0].title == "Lesson: Bees"


def test_a_section_that_was_cut_off_is_left_out_and_none_at_all_is_told() -> None:
    engine = FakeTextEngine('{"title": "T", "summ')
    with pytest.raises(BadInput, match="no question"):
        run_task(lesson, Lesson.parse({"text": TEXT, "weights": "any"}), models={"any": engine})


def test_answers_are_marked_with_the_passage_quoted() -> None:
    engine = FakeTextEngine('{"mark": "partly", "why": "The place is missing."}')
    values = {"question": "Where did it open?", "passage": TEXT, "weights": "any"}
    made = run_task(mark, Mark.parse({**values, "answer": "In 1962"}), models={"any": engine})
    assert made.result["mark"] == "partly"
    assert made.result["quote"] == "The museum opened in 1962 in a tram depot in Graz."
    assert "In 1962" in engine.prompts[0]
    engine = FakeTextEngine('{"why": "Nearly.", "mark": "partly"}')
    other = run_task(mark, Mark.parse({**values, "answer": "In 1963"}), models={"any": engine})
    assert other.result["mark"] == "wrong", "no such figure is in the passage"
    empty = run_task(mark, Mark.parse(values), models={"any": FakeTextEngine()})
    assert empty.result["mark"] == "wrong", "no model is asked"


def test_a_quote_is_always_a_sentence_of_the_passage() -> None:
    assert quoted(TEXT, "nothing that is there") in TEXT
    assert quoted("", "words") == ""
