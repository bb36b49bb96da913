"""A look at data: the card says what they are and what is wrong, and some of them are shown."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.api import BadInput, Kind
from studio.testing.plugins import Made, run_task
from studio_lab.pages.reports import card as shown_card
from studio_lab.schema import Describe
from studio_lab.tasks.describe import describe


def described(**params: object) -> Made:
    return run_task(describe, Describe.parse(params))


def kinds(made: Made) -> list[str]:
    return [each.kind for each in made.artifacts]


def test_an_example_of_pictures() -> None:
    made = described(example="digits")
    card = made.artifacts[0].text
    assert "1,797 pictures of 8 × 8 pixels in grey." in card
    assert "training 1,437, validation 180, test 180." in card
    assert "CC BY 4.0" in card
    assert kinds(made).count(Kind.PLOT) == 2
    assert Kind.IMAGE in kinds(made)
    assert made.result["classes"]["3"] == 183
    assert "- Near duplicates: " in card
    report = json.loads(json.dumps(made.artifacts[0].meta["report"]))
    assert card == f"# Handwritten digits\n\n{shown_card(report)}\n"


@pytest.mark.parametrize(
    ("example", "kind", "told"),
    [
        ("chorales", Kind.SCORE, "tunes, of at most 161 tokens"),
        ("molecules", Kind.MOLECULES, "molecules, of at most"),
        ("wine", Kind.TABLE, "| alcohol | number | 11.03 to 14.83, median 13.05 |"),
        ("swaps", Kind.TABLE, "pairs of texts"),
    ],
)
def test_other_examples_are_shown_as_what_they_are(example: str, kind: str, told: str) -> None:
    made = described(example=example)
    assert told in made.artifacts[0].text
    assert kind in kinds(made)
    assert "Licence and source: " in made.artifacts[0].text


def test_pictures_that_leak_are_shown_side_by_side(tmp_path: Path) -> None:
    draws = np.random.default_rng(0)
    for number in range(24):
        part = "test" if number > 16 else "training"
        (tmp_path / part).mkdir(exist_ok=True)
        shown = Image.fromarray(draws.integers(256, size=(4, 4, 3), dtype=np.uint8))
        shown.resize((48, 48)).save(tmp_path / part / f"{number}.png")
    shown.resize((64, 64)).save(tmp_path / "training" / "again.jpg")
    made = described(data=str(tmp_path), side=16)
    assert made.result["leaks"] == 1
    assert made.artifacts[-1].title.startswith("Near duplicates")
    assert "The folders for training and test are the split." in made.result["notes"]


def table_of(path: Path, rows: int = 120) -> Path:
    draws = np.random.default_rng(0)
    lines = [f"{draws.normal():.3f},{at % 2 * 7 + 1},{'yes' if at % 2 else 'no'}"
             for at in range(rows)]  # fmt: skip
    lines[5] = f"NaN{lines[5][lines[5].index(',') :]}"
    lines[6] = lines[7] = lines[8]
    path.write_text("\n".join(["size,code,good", *lines]))
    return path


def test_a_table_with_a_target_that_leaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = described(data=str(table_of(tmp_path / "t.csv")), target="good")
    assert made.result["leaking_columns"] == ["code"]
    assert made.result["duplicates"] == 2
    monkeypatch.setattr("studio_lab.pages.reports.tr", lambda text: f"«{text}»")
    shown = shown_card(made.artifacts[0].meta["report"])
    assert re.search(r"\| size \| «number» \| «-[\d.]+ to [\d.]+, median [-\d.]+» \|", shown)
    assert "«- «“code” alone tells “good” nearly always" in shown
    card = made.artifacts[0].text
    assert "“code” alone tells “good” nearly always" in card
    assert "| size | number |" in card
    assert "| 1 (0.8%) |" in card, "the gap"
    assert "120 rows, 3 columns." in card


def test_a_target_without_a_table() -> None:
    with pytest.raises(BadInput, match="A target is a column of a table"):
        described(example="wine", target="class")


def test_a_table_of_molecules_is_molecules(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("smiles\n" + "\n".join(f"{'C' * at}O" for at in range(1, 60)))
    assert described(data=str(path)).result["kind"] == "molecules"


def test_gaps_and_extreme_values_are_shown_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    cells = [f"{at % 5},{['red', 'blue'][at % 2] if at % 3 else ''}" for at in range(60)]
    cells[20] = "inf,red"
    path.write_text("\n".join(["size,colour", *cells]))
    made = described(data=str(path))
    card = made.artifacts[0].text
    assert "60 rows, 2 columns." in card
    assert "| colour | category | blue (" in card
    assert "| 20 (33.3%) |" in card
    assert "“size” has infinite or extreme values in row 22" in card
    preview = next(each for each in made.artifacts if each.kind == Kind.TABLE).text
    assert preview.splitlines()[0] == "size,colour"
    assert any(line.endswith(",") for line in preview.splitlines()), "a gap"
