"""Work on texts: summaries by parts, corrections that can be refused, drafts; what Stop keeps."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from studio.api import BadInput
from studio.testing.engines import FakeTextEngine
from studio.testing.plugins import run_task
from studio_chat.schema import Draft, Rewrite, Summarise
from studio_chat.tasks import instructions
from studio_chat.tasks.draft import draft
from studio_chat.tasks.rewrite import rewrite
from studio_chat.tasks.subject import parts
from studio_chat.tasks.summarise import summarise

LONG = "\n\n".join(f"Paragraph {n} tells of the {n}. bridge. It is long." for n in range(200))


def test_a_short_text_is_summarised_at_once() -> None:
    engine = FakeTextEngine("It is about a fox.")
    made = run_task(
        summarise, Summarise.parse({"text": "A fox.", "weights": "any"}), models={"any": engine}
    )
    assert made.result == {"text": "It is about a fox.", "parts": [], "of_parts": 1}
    assert [each.text for each in made.artifacts] == ["It is about a fox."]
    assert "A fox." in engine.prompts[0]


def test_a_text_beyond_the_context_is_summarised_by_parts_whose_places_are_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bridges.txt"
    path.write_text(LONG)
    engine = FakeTextEngine(*(f"Summary {n}." for n in range(1, 40)), context_length=1000)
    params = Summarise.parse({"document": str(path), "words": 50, "weights": "any"})
    made = run_task(summarise, params, models={"any": engine})
    rows = made.result["parts"]
    assert made.result["of_parts"] == len(rows) > 2
    assert rows[0]["lines"][0] == 1
    assert rows[-1]["lines"][1] == LONG.count("\n") + 1
    assert made.result["text"] == f"Summary {len(rows) + 1}."
    assert all(row["summary"] in engine.prompts[-1] for row in rows), "the last reads all"
    assert any(event.message == f"Part 2 of {len(rows)}" for event in made.progress)
    assert made.artifacts[0].title == "Summary of bridges.txt"
    assert made.artifacts[0].meta["parts"] == rows


def test_summaries_that_do_not_fit_together_are_joined_in_groups() -> None:
    words = "word " * 90
    engine = FakeTextEngine(*(f"Group {n}. {words}" for n in range(60)), context_length=500)
    params = Summarise.parse({"text": LONG, "words": 20, "weights": "any"})
    made = run_task(summarise, params, models={"any": engine})
    joined = [p for p in engine.prompts if p.count("Group") > 1]
    assert len(joined) > 1
    assert all(len(p.split()) < 500 for p in joined)
    assert made.result["text"].startswith("Group ")


def test_stop_keeps_the_parts_that_were_read() -> None:
    engine = FakeTextEngine(*(f"Summary {n}." for n in range(1, 40)), context_length=1000)
    params = Summarise.parse({"text": LONG, "words": 50, "weights": "any"})
    made = run_task(summarise, params, models={"any": engine}, stop_after=12)
    assert made.cancelled
    assert made.artifacts[0].text.startswith("Summary 1.")
    assert 0 < len(made.result["parts"]) < made.result["of_parts"]


def test_proofreading_proposes_changes_and_makes_none_that_alters_a_fact() -> None:
    source = "Me was there on 14 March.\n\nMs Weber payed 30 euros for teh lamp."
    engine = FakeTextEngine("I was there on 15 March.\n\nMs Weber paid 30 euros for the lamp.")
    made = run_task(
        rewrite, Rewrite.parse({"text": source, "weights": "any"}), models={"any": engine}
    )
    told = [(c["before"], c["after"], c["marked"]) for c in made.result["changes"]]
    assert told == [
        ("Me", "I", False),
        ("14", "15", True),
        ("payed", "paid", False),
        ("teh", "the", False),
    ]
    right = "I was there on 14 March.\n\nMs Weber paid 30 euros for the lamp."
    assert made.result["text"] == made.artifacts[0].text == right
    assert made.result["source"] == source


def test_what_was_answered_instead_of_corrected_is_left_as_it_was() -> None:
    source = "Were is the key to the cellar, and who has taken it from me today?"
    engine = FakeTextEngine("I am a language model and cannot know where your things are, sorry.")
    made = run_task(
        rewrite, Rewrite.parse({"text": source, "weights": "any"}), models={"any": engine}
    )
    assert made.result["text"] == source
    assert made.result["refused"] == [1]
    assert made.result["changes"] == []


def test_a_long_text_is_rewritten_part_by_part_with_what_stands_between_them() -> None:
    values = {"text": LONG, "change": "translate", "language": "German", "weights": "any"}
    engine = FakeTextEngine(*(f"Teil {n}." for n in range(100)), context_length=300)
    made = run_task(rewrite, Rewrite.parse(values), models={"any": engine})
    count = made.result["of_parts"]
    assert count > 2
    assert made.result["text"] == "\n\n".join(f"Teil {n}." for n in range(count))
    assert "German" in engine.prompts[0]
    assert "199" in made.result["lost"]


def test_stop_keeps_the_parts_that_were_rewritten_and_leaves_the_rest_out() -> None:
    engine = FakeTextEngine(*(f"Part {n} is short." for n in range(100)), context_length=300)
    values = {"text": LONG, "change": "shorter", "weights": "any"}
    made = run_task(rewrite, Rewrite.parse(values), models={"any": engine}, stop_after=20)
    assert made.cancelled
    assert made.artifacts[0].text.startswith("Part 0 is short.\n\nPart 1 is")
    assert len(made.artifacts[0].text) < len(LONG)


def test_a_draft_has_the_facts_in_its_prompt() -> None:
    engine = FakeTextEngine("Dear Ms Weber,\n\nthe heating is cold.")
    values = {"about": "The heating is cold.", "reader": "Ms Weber", "tone": "firm"}
    made = run_task(draft, Draft.parse({**values, "weights": "any"}), models={"any": engine})
    assert made.artifacts[0].title == "The heating is cold."
    assert all(each in engine.prompts[0] for each in ("letter", "Ms Weber", "firm", "150 words"))


@pytest.mark.parametrize(("task", "schema"), [(summarise, Summarise), (rewrite, Rewrite)])
def test_no_text_and_two_texts_are_refused(
    task: Any, schema: type[Summarise] | type[Rewrite]
) -> None:
    with pytest.raises(BadInput, match="no text"):
        run_task(task, schema.parse({"weights": "any"}), models={"any": FakeTextEngine()})
    with pytest.raises(BadInput, match="both"):
        schema.parse({"text": "A", "document": "/a.txt"})


def test_parts_hold_all_words_in_order_and_none_is_too_long() -> None:
    text = f"{LONG}\n\n{'word ' * 500}\n\n{'x' * 700}\nEnd. Here."
    cut = parts(text, 250)
    assert all(len(part.text) <= 250 for part in cut)
    assert "".join("".join(part.text for part in cut).split()) == "".join(text.split())
    assert all(text[part.start : part.end] == part.text for part in cut)
    assert all(a.end <= b.start and a.last <= b.first for a, b in pairwise(cut))
    assert not parts(" \n\n ", 250)


@pytest.mark.parametrize(
    ("answer", "source", "text"),
    [
        ("Here is the corrected text:\n\nA fox.", "a fox", "A fox."),
        ("Sure! Here you go:\nA fox.", "a fox", "A fox."),
        ('"A fox."', "a fox", "A fox."),
        ('"A fox," he said, "is red."', "x", '"A fox," he said, "is red."'),
        ("```\nA fox.\n```", "a fox", "A fox."),
        (
            "Here is what we need: milk.",
            "Here is what we need: milk",
            "Here is what we need: milk.",
        ),
    ],
)
def test_what_small_models_put_around_an_answer_is_taken_off(
    answer: str, source: str, text: str
) -> None:
    assert instructions.plain(answer, source) == text
