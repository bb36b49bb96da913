"""Verdicts on methods whose effect is known: one helps, one harms, one leaks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from studio_lab.augmentation.trial import WEIGHTS, ScoreName
from studio_lab.augmentation.verdict import Effect, Outcome, outcomes
from studio_lab.datasets.table import Column, Table, Target, joined
from studio_lab.datasets.table_file import as_csv, parse_table
from studio_lab.tables.encoder import MOST_COLUMNS, Encoder, usable
from studio_lab.tables.fidelity import fidelity
from studio_lab.tables.methods import GENERATORS
from studio_lab.tables.target_leak import leaking_columns
from studio_lab.tables.trials import additional, trials


def numbers(cells: NDArray[np.float64]) -> Table:
    rounded = np.round(cells, 4)
    columns = (Column(f"x{at}", "number", each, decimals=4) for at, each in enumerate(rounded.T))
    return Table(tuple(columns))


def rare(rng: np.random.Generator) -> tuple[Table, Target]:
    """One class in twelve, which overlaps with the other: a line is drawn too far off."""
    labels = (np.arange(1200) % 15 == 0).astype(int)
    cells = rng.normal(size=(1200, 3)) + 0.7 * labels[:, None]
    return numbers(cells), Target("y", labels, ("no", "yes"))


def tilted(rng: np.random.Generator) -> tuple[Table, Target]:
    """Classes that differ across two columns that go together, and hardly in one of them alone."""
    labels = np.arange(300) % 2
    common, own = rng.normal(size=(300, 1)), rng.normal(0, 0.1, (300, 2))
    cells = common + own + labels[:, None] * np.array([0.5, 0.2])
    return numbers(cells), Target("y", labels, ("a", "b"))


def outcome(data: tuple[Table, Target], method: str, score: ScoreName, rows: int = 0) -> Outcome:
    tried = trials(*data, (method,), 5, "logistic regression", 3, rows)
    found = [each for each in tried if each]
    return outcomes(found, score)[0]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("method", [WEIGHTS, "copula"])
def test_balanced_classes_help_where_the_line_is_drawn_too_far_off(
    rng: np.random.Generator, method: str
) -> None:
    found = outcome(rare(rng), method, "balanced accuracy")
    assert found.verdict is Effect.HELPS
    assert found.sentence(5).split(":")[0].endswith(" helps")


def test_balanced_classes_do_nothing_for_the_order(rng: np.random.Generator) -> None:
    """The control: the same rows, asked how they are ordered."""
    assert outcome(rare(rng), "copula", "average precision").verdict is Effect.NONE


def test_independent_columns_harm_where_columns_belong_together(rng: np.random.Generator) -> None:
    found = outcome(tilted(rng), "independent", "average precision", 3000)
    assert found.effect is Effect.HARMS
    assert found.rows is not None
    assert found.rows.alone.high < 0


def test_copies_with_noise_leak_and_a_copula_does_not(rng: np.random.Generator) -> None:
    data = rare(rng)
    leaky, sound = (outcome(data, each, "average precision") for each in ("noise", "copula"))
    assert leaky.verdict is Effect.LEAKS
    assert "Do not pass them on" in leaky.sentence(5)
    assert leaky.rows is not None
    assert sound.rows is not None
    assert leaky.rows.membership.low > 0.6
    assert sound.rows.membership.value < 0.6


def mixed(rng: np.random.Generator) -> tuple[Table, Target]:
    labels = (np.arange(80) % 4 == 0).astype(int)
    size = np.round(rng.normal(size=80) + labels, 2)
    size[::9] = np.nan
    sort = (rng.random(80) < 0.3 + 0.4 * labels).astype(float)
    sort[::7] = np.nan
    days = np.round(rng.uniform(18_000, 19_000, 80))
    columns = (
        Column("size", "number", size, decimals=2),
        Column("sort", "category", sort, ("a", "b")),
        Column("day", "date", days, form="%d.%m.%Y"),
    )
    return Table(columns), Target("good", labels, ("no", "yes"))


@pytest.mark.parametrize("method", GENERATORS)
def test_every_method_makes_rows_that_read_like_the_table(
    rng: np.random.Generator, method: str
) -> None:
    table, target = mixed(rng)
    generator = GENERATORS[method]()
    for _ in generator.fit(table, target, rng):
        pass
    made, labels = generator.sample(additional(target, 0), rng)
    assert labels.counts == {"yes": 40, "no": 0}
    assert len(made) == 40
    again = parse_table(as_csv(made))
    assert [each.kind for each in again.columns] == ["number", "category", "date"]
    assert set(again["sort"].names) <= {"a", "b"}
    low, high = np.nanmin(table["size"].values) - 1, np.nanmax(table["size"].values) + 1
    assert np.nanmin(made["size"].values) >= low
    assert np.nanmax(made["size"].values) <= high
    assert fidelity(table.at(target.labels == 1), made).mean > 0.5


def test_a_column_that_tells_the_target_is_suspected(rng: np.random.Generator) -> None:
    table, target = rare(rng)
    copy = Column("copied", "category", target.labels.astype(float), ("n", "j"))
    assert leaking_columns(Table((*table.columns, copy)), target) == ["copied"]


def test_of_very_many_columns_those_that_say_something_are_used(rng: np.random.Generator) -> None:
    labels = np.arange(60) % 2
    cells = rng.normal(size=(60, 2000))
    cells[:, 1234] += 3 * labels
    kept = usable(numbers(cells), Target("y", labels, ("a", "b")))
    assert len(kept.columns) == MOST_COLUMNS
    assert "x1234" in [column.name for column in kept.columns]


def test_what_is_encoded_has_no_gaps(rng: np.random.Generator) -> None:
    table, _ = mixed(rng)
    rows = Encoder.fitted(table)(joined([table, table]))
    assert rows.shape == (160, 2 + 2 + 2)
    assert np.isfinite(rows).all()
