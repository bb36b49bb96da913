"""The task from a file to a verdict, a table, plots and a report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studio.api import BadInput
from studio.api.plot import Plot
from studio.testing.engines import FakeTextEngine
from studio.testing.plugins import run_task
from studio_lab.datasets.table_file import parse_table
from studio_lab.schema import Augment
from studio_lab.tasks.augment import augment


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    rows = ["größe;sort;ill;later"]
    for at in range(150):
        ill = at % 6 == 0
        size = f"{rng.normal() + ill:.2f}".replace(".", ",") if at % 11 else "NaN"
        sort = "ab"[int(rng.random() < 0.3 + 0.4 * ill)]
        rows.append(f"{size};{sort};{'yes' if ill else 'no'};{'treated' if ill else 'sent home'}")
    path = tmp_path_factory.mktemp("table") / "people.csv"
    path.write_bytes("\n".join(rows).encode("cp1252"))
    return path


def parsed(file: Path, **more: object) -> Augment:
    return Augment.parse({"table": str(file), "target": "ill", "splits": 3, **more})


def test_a_table_gets_rows_a_verdict_and_a_report(file: Path) -> None:
    made = run_task(augment, parsed(file, method="copula", ignore=["later"]), seed=1)
    result = made.result
    assert result["verdict"] in {"helps", "no effect", "cannot tell", "harms", "leaks"}
    assert result["sentence"].startswith("Gaussian copula")
    assert result["classes"] == {"no": 125, "yes": 25}
    assert set(result["methods"]) == {"weights", "copula"}
    assert result["leaking_columns"] == []
    table, *plots, report = made.artifacts
    rows = parse_table(table.read())
    assert len(rows) == result["rows"] == 100
    assert rows["ill"].names == ("yes",)
    assert [column.name for column in rows.columns] == ["größe", "sort", "ill"]
    assert len([Plot.decode(plot.read()) for plot in plots]) == 4
    assert "Class weights" in report.text
    assert "Windows-1252" in report.text


def test_the_same_seed_makes_the_same_rows(file: Path) -> None:
    first, second = (run_task(augment, parsed(file, method="noise"), seed=4) for _ in range(2))
    assert first.artifacts[0].read() == second.artifacts[0].read()
    assert first.result == second.result


def test_a_column_that_knows_the_target_is_told(file: Path) -> None:
    made = run_task(augment, parsed(file, method="noise"), seed=1)
    assert made.result["leaking_columns"] == ["later"]
    assert any("“later” alone tells the target" in note for note in made.result["notes"])


def test_a_series_goes_on_after_its_last_time(tmp_path: Path) -> None:
    rows = [f"2020-01-{1 + at // 24:02} {at % 24:02}:00,{at % 7 + at % 3}" for at in range(200)]
    (tmp_path / "load.csv").write_text("\n".join(["time,load", *rows]))
    asked = {"kind": "series", "table": str(tmp_path / "load.csv"), "target": "load", "splits": 3}
    made = run_task(augment, Augment.parse({**asked, "series_method": "phases"}), seed=1)
    table, *plots, report = made.artifacts
    first = table.read().decode().splitlines()[:2]
    assert first[0] == "time,load"
    assert first[1].startswith("2020-01-09T08:00:00,")
    assert Plot.decode(plots[-1].read()).title == "Autocorrelation"
    assert set(report.meta["report"]["outcomes"]) == {"phases", "shuffled"}
    assert made.result["methods"]["shuffled"]["verdict"] == "harms"


def test_columns_of_a_series_are_made_together(tmp_path: Path) -> None:
    rows = [
        f"2020-01-{1 + at // 24:02} {at % 24:02}:00,{at % 7},{2 * (at % 7)}" for at in range(200)
    ]
    (tmp_path / "load.csv").write_text("\n".join(["time,load,heat", *rows]))
    asked = {"kind": "series", "table": str(tmp_path / "load.csv"), "target": "load", "splits": 3,
             "beside": ["heat"], "series_method": "warping"}  # fmt: skip
    made = run_task(augment, Augment.parse(asked), seed=1)
    table, *_, report = made.artifacts
    head, *lines = table.read().decode().splitlines()
    assert head == "time,load,heat"
    assert len(lines) == made.result["rows"] == 200
    assert "| load, heat | 1.00 | 1.00 |" in report.text
    assert made.result["channels"] == ["load", "heat"]


def test_texts_are_rewritten_back_and_forth_by_the_language_model(tmp_path: Path) -> None:
    kinds = (("glad", "a warm and sunny place"), ("sad", "a cold and rainy street"))
    rows = [f"{text} number {at},{kind}" for at in range(30) for kind, text in kinds]
    (tmp_path / "notes.csv").write_text("\n".join(["note,mood", *rows]))
    answers = [word for at in range(20) for word in (f"key {at}", f"written again {at}")]
    engine = FakeTextEngine(*answers)
    asked = {"kind": "texts", "table": str(tmp_path / "notes.csv"), "target": "mood", "splits": 3,
             "text_method": "rewriting", "weights": "any", "rewrites": 20}  # fmt: skip
    made = run_task(augment, Augment.parse(asked), seed=1, models={"any": engine})
    assert made.result["rewritten"] == 20
    back = engine.prompts[1]
    assert "key 0" in back
    assert "sunny" not in back
    assert "rainy" not in back, "the text itself is not seen again"
    lines = made.artifacts[0].read().decode().splitlines()
    assert lines[:2] == ["note,mood", f"written again 0,{lines[1].split(',')[1]}"]
    with pytest.raises(BadInput, match="No language model"):
        run_task(augment, Augment.parse({**asked, "weights": None}))


def test_it_stops_within_a_step(file: Path) -> None:
    made = run_task(augment, parsed(file, method="vae"), seed=1, stop_after=6)
    assert made.cancelled
    assert not made.artifacts


def test_a_table_of_one_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("a,ill\n" + "1,no\n2,no\n" * 20)
    with pytest.raises(BadInput, match="one class"):
        run_task(augment, parsed(tmp_path / "one.csv"))
    with pytest.raises(BadInput, match="cannot be left out"):
        parsed(tmp_path / "one.csv", ignore=["ill"])
    with pytest.raises(BadInput, match="No table"):
        Augment.parse({"target": "ill"})


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a,ill\n1,no\n2,yes\n3,no\n", "one class with 8 rows"),
        ("a,ill\n" + ",no\nNaN,yes\n" * 20, "no column"),
        (f"{','.join(f'x{n}' for n in range(10_000))}\n{','.join(['1'] * 10_000)}\n", "no column"),
    ],
)
def test_what_no_model_can_use_is_a_sentence(tmp_path: Path, rows: str, said: str) -> None:
    (tmp_path / "bad.csv").write_text(rows)
    with pytest.raises(BadInput, match=said):
        run_task(augment, parsed(tmp_path / "bad.csv", method="noise"))
