"""What is held out is new: prompts with one answer stay in one part of the split."""

from __future__ import annotations

import pytest

from studio_lab.finetuning.tokens import _split

FACTS = [f"The tower of town {n} is {n}0 metres high." for n in range(6)]


def test_all_prompts_with_one_answer_stay_together() -> None:
    answers = [FACTS[at % 6] for at in range(60)]
    split, notes = _split(answers, 60, 1)
    parts = [
        {answers[row] for row in part} for part in (split.training, split.validation, split.test)
    ]
    assert sum(map(len, parts)) == 6
    assert all(parts)
    assert "60 pairs have only 6 different answers, so whole answers are held out" in notes[0]


@pytest.mark.parametrize("answers", [["Yes", "no", "maybe"], FACTS[:2]])
def test_labels_are_split_by_row_and_the_leak_is_named(answers: list[str]) -> None:
    split, notes = _split([answers[at % len(answers)] for at in range(60)], 60, 1)
    assert (len(split.training), len(split.validation), len(split.test)) == (48, 6, 6)
    assert notes[0].startswith("Leak: the 60 pairs have only")


@pytest.mark.parametrize("answers", [[], [f"{n}" for n in range(20)]])
def test_answers_that_differ_are_not_mentioned(answers: list[str]) -> None:
    assert not _split(answers, 20, 1)[1]
