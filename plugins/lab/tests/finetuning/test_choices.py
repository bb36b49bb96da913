"""Preferences come from a file or from stars, and too few of them are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import BadInput, SavedArtifact
from studio_lab.finetuning.choices import read_choices, starred_choices


def reply(number: int, title: str, text: str, starred: bool = False) -> SavedArtifact:
    return SavedArtifact(str(number), "text", title, "", Path(), text, starred=starred)


def test_a_star_prefers_a_reply_to_the_others_of_its_prompt() -> None:
    replies = [
        reply(number, f"Question {number % 4}", f"Answer {number}", starred=number < 4)
        for number in range(8)
    ]
    alone = [reply(8, "Never asked again", "Good", starred=True), reply(9, "No star", "Fine")]
    assert starred_choices([*replies, *alone]) == [
        (f"Question {n}", f"Answer {n}", f"Answer {n + 4}") for n in range(4)
    ]
    with pytest.raises(BadInput, match="Stars tell 0 preferences"):
        starred_choices(alone)


def test_a_file_names_what_is_chosen_and_what_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("id,rejected,prompt,chosen\n" + "".join(f"{n},no,p{n},yes\n" for n in range(5)))
    assert read_choices(path) == [(f"p{n}", "yes", "no") for n in range(5)]
    path.write_text("prompt,answer\np,a\n")
    with pytest.raises(BadInput, match="has 0 preferences"):
        read_choices(path)
