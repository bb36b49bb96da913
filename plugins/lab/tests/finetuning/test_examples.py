"""Prompts and answers are found in what people have, and what is of no use is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.api import BadInput
from studio_lab.finetuning.examples import read_examples

PAIRS = [(f"What is {n}?", f"It is {n}.") for n in range(12)]
JSON_LINES = {
    "keys": [{"instruction": p, "output": a} for p, a in PAIRS],
    "a conversation": [
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": p},
                {"role": "assistant", "content": a},
            ]
        }
        for p, a in PAIRS
    ],
}


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("head", ["", "id,answer,question\n"])
def test_a_table_says_by_its_names_which_columns_count(tmp_path: Path, head: str) -> None:
    rows = [f"{n},{a},{p}" if head else f"{p},{a}" for n, (p, a) in enumerate(PAIRS)]
    path = written(tmp_path, "mine.csv", head + "\n".join(rows))
    assert list(read_examples(path).pairs) == PAIRS


@pytest.mark.parametrize("separator", [";", "|"])
def test_other_separators_are_read(tmp_path: Path, separator: str) -> None:
    rows = [separator.join(("prompt", "answer")), *(separator.join(pair) for pair in PAIRS)]
    found = read_examples(written(tmp_path, "mine.csv", "\n".join(rows)))
    assert list(found.pairs) == PAIRS
    assert not found.notes


def test_a_tab_separates_whatever_commas_there_are(tmp_path: Path) -> None:
    pairs = [(f"Well, what, is {n}?", f"It is, I say, {n}.") for n in range(12)]
    path = written(tmp_path, "mine.tsv", "\n".join("\t".join(pair) for pair in pairs))
    assert list(read_examples(path).pairs) == pairs


@pytest.mark.parametrize("kind", JSON_LINES)
def test_json_lines_of_several_habits_are_read(tmp_path: Path, kind: str) -> None:
    text = "\n".join(map(json.dumps, JSON_LINES[kind]))
    assert list(read_examples(written(tmp_path, "mine.jsonl", text)).pairs) == PAIRS


def test_what_came_before_is_not_held_out_again(tmp_path: Path) -> None:
    text = "\n".join(f"{p},{a}" for p, a in [*PAIRS, *PAIRS, ("", "Nothing")])
    found = read_examples(written(tmp_path, "mine.csv", text))
    assert list(found.pairs) == PAIRS
    assert found.notes[0].startswith("No columns are named prompt and answer")
    assert found.notes[1] == "Left out: pairs without a prompt or an answer (1)."
    assert found.notes[2] == "Left out: pairs that came before (12)."


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "one\ntwo\n", "has one column"),
        ("a.csv", "p,a\nq,b\n", "has 2 different pairs"),
        ("a.jsonl", '{"prompt": "p"}', "Entry 1 .* has no prompt and answer"),
        ("a.jsonl", "{", "is not valid JSON"),
        ("a.txt", "few words", "has 2 words"),
    ],
)
def test_what_nothing_can_be_learned_from_is_a_sentence(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        read_examples(written(tmp_path, name, text))
