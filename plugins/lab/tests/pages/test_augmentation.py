"""The report of an augmentation is made in the window from codes and figures."""

from __future__ import annotations

from typing import Any

import pytest

from studio_lab.pages import augmentation
from studio_lab.pages.augmentation import augmentation as written


def figure(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def outcome(verdict: str, effect: str, **more: Any) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "effect": effect,
        "real": 0.8,
        "gain": {"average precision": figure(0.1)},
        **more,
    }


@pytest.fixture
def report() -> dict[str, Any]:
    leaky = outcome(
        "leaks",
        "helps",
        synthetic_alone=figure(-0.2),
        fidelity={"columns": 0.91, "pairs": None, "held_out": 0.95},
        privacy={"membership": figure(0.83), "nearer_to_training": 0.7, "copies": figure(0.4)},
    )
    outcomes = {"weights": outcome("no effect", "no effect"), "noise": leaky}
    return {"kind": "augmentation", "data": "table", "name": "t", "score": "average precision",
            "splits": 5, "chosen": "noise", "outcomes": outcomes, "notes": ["A note."]}  # fmt: skip


def test_what_leaks_is_said_first_and_the_real_data_follow(report: dict[str, Any]) -> None:
    real = ["Cells", {"pattern": "{rows} rows, {columns} columns.",
                      "places": {"rows": "9", "columns": "2"}}]  # fmt: skip
    text = written({**report, "table": real})
    assert text.startswith("**Noise leaks:")
    assert "0.83, where 0.5 is chance; 40% are copies" in text
    assert "Noise helps: average precision changes by +0.100 (+0.090 … +0.110) from 0.800" in text
    assert "| Class weights | +0.100 (+0.090 … +0.110) |  |  |  |  | no effect |" in text
    assert text.endswith("\n\nCells\n9 rows, 2 columns.")


def test_a_column_that_gives_the_target_away_is_said_before_the_verdict(
    report: dict[str, Any],
) -> None:
    outcomes = {"noise": outcome("cannot tell", "cannot tell")}
    text = written({**report, "outcomes": outcomes, "leaks": ["“id” alone tells the target."]})
    leak, verdict, *_ = [line for line in text.splitlines() if line]
    assert leak == "**“id” alone tells the target.**"
    assert verdict.startswith("**Noise may help or harm, 5 splits cannot tell: average precision")


def test_every_word_of_it_is_in_the_language_of_the_window(
    report: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("augmentation", "phrases"):
        monkeypatch.setattr(f"studio_lab.pages.{module}.tr", lambda text: f"«{text}»")
    text = written(report)
    assert "«leaks»" in text
    assert "«Class weights»" in text
    assert "«average precision»" in text
    assert augmentation.method_name("turn") == "«Turning and zooming»"
