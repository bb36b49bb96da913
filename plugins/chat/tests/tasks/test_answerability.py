"""A question that its documents do not answer is declined, before a word of it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.api import SamplingParams
from studio.testing.engines import FakeTextEngine
from studio.testing.plugins import Made, run_task
from studio_chat.schema import Reply
from studio_chat.tasks.answerability import asks_for_a_fact
from studio_chat.tasks.reply import reply

OVEN = "# Oven K4\nIt weighs 48 kilograms.\nThe door is green.\nMade in Genk.\n"


@pytest.fixture
def oven(tmp_path: Path) -> Path:
    path = tmp_path / "oven.md"
    path.write_text(OVEN)
    return path


def ask(question: str, engine: FakeTextEngine, *paths: Path, **more: Any) -> Made:
    documents = [str(path) for path in paths]
    values = {"prompt": question, "weights": "w", "documents": documents, "max_tokens": 50, **more}
    values |= {"encoder": None, "multilingual": None}
    return run_task(reply, Reply.parse(values), models={"w": engine})


@pytest.mark.parametrize("few", ["not stated", "48 kilograms", "48", "£900"])
def test_what_the_document_does_not_have_is_declined(oven: Path, few: str) -> None:
    engine = FakeTextEngine(few)
    made = ask("What does the oven cost?", engine, oven)
    assert made.result["text"] == "The document does not say."
    assert made.result["declined"] is True
    assert made.result["sources"] == []
    assert [made.artifacts[0].payload] == [b"The document does not say."]
    (closest,) = made.result["closest"]
    assert closest["lines"] == [[1, 1]], "the oven is named there"
    assert len(engine.prompts) == 1, "no answer was written"


def test_an_answer_that_is_there_is_written_with_the_lines_that_carry_it(oven: Path) -> None:
    engine = FakeTextEngine("48 kilograms", "The oven weighs 48 kilograms.")
    made = ask("How heavy is the oven?", engine, oven)
    assert made.result["text"] == "The oven weighs 48 kilograms."
    assert "declined" not in made.result
    (source,) = made.result["sources"]
    assert (source["document"], source["lines"]) == ("oven.md", [[2, 2]])
    assert made.result["sources_note"] == ""


def test_only_documents_that_carry_the_answer_are_sources(oven: Path, tmp_path: Path) -> None:
    other = tmp_path / "boat.md"
    other.write_text("The boat is blue.\n")
    engine = FakeTextEngine("green", "It is green.")
    made = ask("Which colour is the door of the oven?", engine, oven, other)
    assert [each["document"] for each in made.result["sources"]] == ["oven.md"]


def test_it_is_declined_in_the_language_of_the_question(oven: Path, tmp_path: Path) -> None:
    other = tmp_path / "boot.md"
    other.write_text("Das Boot ist blau.\n")
    asked = "Wer hat den Ofen gebaut?"
    assert ask(asked, FakeTextEngine("not stated", "no"), oven).result["text"] == (
        "Das Dokument sagt es nicht."
    )
    assert ask(asked, FakeTextEngine("not stated", "no"), oven, other).result["text"] == (
        "Die Dokumente sagen es nicht."
    )


def test_a_number_of_the_answer_that_is_in_no_passage_is_named(oven: Path) -> None:
    engine = FakeTextEngine("48 kilograms", "It weighs 48 kilograms, 106 pounds.")
    assert "106" in ask("How heavy is the oven?", engine, oven).result["sources_note"]


def test_what_asks_for_no_fact_or_is_free_to_is_answered_at_once(oven: Path) -> None:
    for question, more in (("Summarise it.", {}), ("What does it cost?", {"grounded": False})):
        engine = FakeTextEngine("Well.")
        made = ask(question, engine, oven, **more)
        assert made.result["text"] == "Well."
        assert made.result["sources"][0]["whole"] is True
    assert ask("What does it cost?", FakeTextEngine("Ten euros.")).result["text"] == "Ten euros."


def test_an_engine_that_finds_no_answer_likely_is_believed(oven: Path) -> None:
    class Doubtful(FakeTextEngine):
        def generate(self, ids: Any, params: SamplingParams) -> Any:
            for step in super().generate(ids, params):
                if step.logprob is not None:
                    chance = step.logprob._replace(top=((b"not", -0.1), (b"green", -2.4)))
                    object.__setattr__(step, "logprob", chance)
                yield step

    question = "Which colour is the door?"
    assert ask(question, Doubtful("green", "no"), oven).result["declined"] is True
    assert "declined" not in ask(question, FakeTextEngine("green", "Green."), oven).result


@pytest.mark.parametrize(
    ("message", "asks"),
    [
        ("Who is the treasurer?", True),
        ("Name of the treasurer?", True),
        ("Here is the letter.\n\nWhen did she arrive", True),
        ("In welchem Jahr wurde es gebaut", True),
        ("Can you tell me who the treasurer is?", True),
        ("Why should I not use vinegar?", True),
        ("When can we fetch the key?", True),
        ("Wann soll ich die Tabletten nehmen?", True),
        ("How should I answer her?", False),
        ("Shall I sign it?", False),
        ("Was soll ich ihm schreiben?", False),
        ("Summarise the contract.", False),
        ("Can you translate it?", False),
        ("What do you think of the story?", False),
        ("Kannst du das kürzen?", False),
        ("Write a reply to the letter", False),
    ],
)
def test_what_asks_for_a_fact(message: str, asks: bool) -> None:
    assert asks_for_a_fact(message) is asks


def test_what_is_not_clear_is_asked_again(oven: Path) -> None:
    question = "Where is the oven made?"
    for again, declined in (("yes", False), ("no", True)):
        engine = FakeTextEngine("Gondor", again, "In Genk.")
        made = ask(question, engine, oven)
        assert ("declined" in made.result) is declined
        assert "yes or no" in engine.prompts[1]
