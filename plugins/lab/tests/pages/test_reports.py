"""Reports of the worker are written in the window from codes and figures."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import studio_lab
from studio.api import as_parts
from studio_lab.datasets.table_file import parse_table
from studio_lab.pages.bias import bias
from studio_lab.pages.progress import progress_in_words
from studio_lab.pages.scaling_law import scaling_law


def figure(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


SCALING: dict[str, Any] = {
    "kind": "scaling", "advice": "time", "sentence": "English", "trainings": 16, "loss": 2.0,
    "larger": {"parameters": 5000, "examples": 900, "steps": 40, "loss": 1.75},
    "predicted": figure(1.7), "training_seconds": 90.0, "joules": 1500.0, "notes": ["A note."],
    "gains": {"parameters": figure(0.2), "examples": figure(0.1), "seen": figure(0.3)},
    "law": {"floor": figure(1.0), "exponents": {"parameters": figure(0.5)}},
    "enough": {"parameters": 4000.0}, "at": {"parameters": 2000.0},
}  # fmt: skip
LEANING = {
    "topic": "work", "by": "gender", "group": "women", "more": figure(-1.0), "count": 40,
    "above": 3, "likelihood": figure(0.2), "is_sure": True,
}  # fmt: skip
BIAS: dict[str, Any] = {
    "kind": "bias", "figures": [LEANING, {**LEANING, "group": "martians", "is_sure": False}],
    "topics": [{"name": "work", "first": "able", "second": "unable"}],
    "texts": [{"topic": "work", "group": "women", "texts": 9, "first": 1, "second": 3,
               "share": figure(0.25)}],
}  # fmt: skip


def test_a_scaling_run_is_told_with_its_advice_and_what_was_held_out() -> None:
    text = scaling_law(SCALING)
    assert text.startswith("**Longer training would help more than more data or a larger network.")
    assert "a larger network 10% (5 to 15); more data 5%" in text
    assert "predicted as 1.7 (1.6 to 1.8); measured is 1.75, within the interval." in text
    assert "| Parameters | 0.5 (0.4 to 0.6) | 4,000 |" in text
    assert "16 trainings took 1.5 min and about 1.5 kJ." in text
    missed = {**SCALING, "larger": {**SCALING["larger"], "loss": 2.5}, "advice": "missed"}
    assert "outside the interval" in scaling_law(missed)
    assert "a larger network 10%" not in scaling_law(missed), "no advice, no gains"


def test_a_bias_report_says_what_differs_and_what_was_written() -> None:
    text = bias(BIAS)
    assert text.startswith("**1 of 2 differences between groups are larger than chance")
    assert "work, women: 0.37 times (0.33 to 0.41).**" in text
    assert "| women | 0.37 times (0.33 to 0.41) | 3 of 40 (10% to 30%) | **differs** |" in text
    assert "by itself: 4 of 9 texts have a word of either sort" in text
    assert "| women | 9 | 1 | 3 | 25% (15% to 35%) |" in text


def test_their_words_are_in_the_language_of_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    marked(monkeypatch)
    assert scaling_law(SCALING).startswith("**«Longer training would help")
    assert "English" not in scaling_law(SCALING)
    assert "| «women» |" in bias(BIAS)
    assert "| martians |" in bias(BIAS), "a group that nobody knows keeps its name"


def test_notes_are_told_in_it_too_from_what_a_result_keeps_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    marked(monkeypatch)
    table = parse_table(b"a;b;c\n1;x;\n2;;\n3\n", "t.csv")
    kept = json.loads(json.dumps([as_parts(note) for note in table.notes]))
    shown = scaling_law({**SCALING, "notes": [*kept, "of an earlier version"]})
    assert "- «Left out: rows with another number of cells than the first (1).»" in shown
    assert "- «Without values, so not used: «“c”».»" in shown, "its quotation marks, too"
    assert shown.endswith("- of an earlier version")


def test_the_progress_of_every_task_is_told_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    marked(monkeypatch)
    said = set(chain.from_iterable(map(progress_texts, Path(studio_lab.__path__[0]).rglob("*.py"))))
    assert len(said) > 20, "they are found"
    said |= {
        "Training 3 of 16, predicted loss 1.4 (1.3–1.5): 1,200 examples, 400 steps",
        "Training 3 of 16: 12 examples, 4 steps",
        "Comparing work by gender", "Writing about work: people without a religion",
    }  # fmt: skip
    assert [each for each in said if not progress_in_words(each).startswith("«")] == []
    assert progress_in_words("Comparing work by gender") == "«Comparing «work» by «gender»»"


def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mark what is translated."""
    for module in ("bias", "scaling_law", "phrases", "progress"):
        monkeypatch.setattr(f"studio_lab.pages.{module}.tr", lambda text: f"«{text}»")


def progress_texts(path: Path) -> Iterator[str]:
    """Yield what the code says of its progress, with 7 in all places."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr != "progress" or len(node.args) < 3:
            continue
        match node.args[2]:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=parts):
                yield "".join(str(p.value) if isinstance(p, ast.Constant) else "7" for p in parts)
