"""Series of a known nature: what copies leaks, what forgets time harms, the rest is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from studio.api import BadInput
from studio_lab.augmentation.verdict import Effect, Outcome, outcomes
from studio_lab.datasets.table_file import parse_table
from studio_lab.series.generators import SERIES_GENERATORS, Phases
from studio_lab.series.series import Series, autocorrelation, correlations, series_of
from studio_lab.series.trials import trials, two_sample


def values(count: int) -> NDArray[np.float64]:
    """An autoregression of the second order, which a forecast can learn."""
    rng, found = np.random.default_rng(0), np.zeros(count)
    for at in range(2, count):
        found[at] = 1.3 * found[at - 1] - 0.5 * found[at - 2] + rng.normal()
    return found


def file(column: NDArray[np.float64], first: str = "2020-01-01") -> bytes:
    days = np.datetime64(first) + np.arange(len(column))
    rows = [f"{day},{value:.3f}" for day, value in zip(days, column)]
    return "\n".join(["day,size", *rows]).encode()


def read(data: bytes, target: str = "size") -> tuple[Series, list[str]]:
    return series_of(parse_table(data), target, "sizes")


@pytest.fixture(scope="module")
def judged() -> dict[str, Outcome]:
    series, _ = read(file(values(500)))
    found = [each for each in trials(series, ("blocks", "phases", "shuffled"), 5, 1) if each]
    return {each.method: each for each in outcomes(found, "forecast skill")}


def test_blocks_of_the_series_itself_leak(judged: dict[str, Outcome]) -> None:
    assert judged["blocks"].verdict is Effect.LEAKS


def test_new_phases_do_not_leak_and_keep_what_a_forecast_needs(judged: dict[str, Outcome]) -> None:
    """The control: as like the series as the blocks are, and no copy."""
    found = judged["phases"]
    assert found.verdict is Effect.NONE
    assert found.rows is not None
    assert found.rows.alone.value > -0.1


def test_shuffled_values_harm(judged: dict[str, Outcome]) -> None:
    assert judged["shuffled"].verdict is Effect.HARMS


def test_new_phases_keep_the_autocorrelation() -> None:
    rng, real = np.random.default_rng(0), values(1000)
    method = Phases()
    for _ in method.fit([real[:, None]], rng):
        pass
    made = method.sample(1000, rng)[:, 0]
    assert sorted(made) == sorted(real)
    assert np.abs(autocorrelation(made, 10) - autocorrelation(real, 10)).max() < 0.1


def test_rows_are_put_in_order_and_gaps_are_bridged() -> None:
    head, *rows = file(np.arange(150.0)).decode().splitlines()
    rows[7] = rows[7].rsplit(",", 1)[0] + ",NaN"
    series, notes = read("\n".join([head, *reversed(rows)]).encode())
    assert list(series.values[:, 0]) == list(np.arange(150.0))
    assert any("1 gaps" in note for note in notes)


TWICE = file(values(150)) + b"\n" + file(values(150)).split(b"\n", 1)[1]


@pytest.mark.parametrize(
    ("data", "target", "said"),
    [
        (file(values(60)), "size", "has 60 times; 120 are the least"),
        (file(np.ones(150)), "size", "not a column of different numbers"),
        (b"size,other\n" + b"3,1\n1,2\n" * 100, "size", "no column of times"),
        (
            file(values(150)) + b"\n" + file(values(150)).split(b"\n", 1)[1],
            "size",
            "150 times more",
        ),
        (file(values(150)), "day", "not a column of different numbers"),
    ],
)
def test_what_is_no_series_is_a_sentence(data: bytes, target: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read(data, target)


def together(count: int) -> NDArray[np.float64]:
    """Two channels that rise and fall together, and one that knows nothing of them."""
    rng, first = np.random.default_rng(1), values(count)
    return np.stack([first, 3 * first + rng.normal(size=count), rng.normal(size=count)], axis=1)


METHODS = [name for name in SERIES_GENERATORS if name != "recurrent"]


@pytest.mark.parametrize("method", [*METHODS, pytest.param("recurrent", marks=pytest.mark.torch)])
def test_channels_stay_together(method: str) -> None:
    rng, real = np.random.default_rng(0), together(600)
    apart = np.stack([rng.permutation(channel) for channel in real.T], axis=1)
    assert correlations(real)[0] > 0.9
    assert abs(correlations(apart)[0]) < 0.2, "the control: each channel by itself loses it"
    made = made_by(method, real, rng)
    assert made.shape == real.shape
    assert np.abs(correlations(made) - correlations(real)).max() < 0.2


def made_by(method: str, real: NDArray[np.float64], rng: np.random.Generator) -> Any:
    generator = SERIES_GENERATORS[method]()
    for _ in generator.fit([real], rng):
        pass
    return generator.sample(len(real), rng)


def test_a_transform_changes_a_little_and_the_same_in_all_channels() -> None:
    real = np.stack([values(300), -2 * values(300)], axis=1)
    for method in ("jitter", "scaling", "warping", "slicing"):
        made = made_by(method, real, np.random.default_rng(3))
        assert not np.allclose(made, real)
        assert 0.4 < made.std() / real.std() < 1.6
        assert np.allclose(made[:, 1], -2 * made[:, 0], atol=1e-5), f"{method} keeps what holds"


def test_the_report_tells_how_channels_correlate_and_a_forecast_sees_all() -> None:
    real = together(300)
    late = np.stack([np.roll(real[:, 2], 1), real[:, 2]], axis=1)  # the second tells the first
    days = np.datetime64("2020-01-01") + np.arange(300)
    rows = [f"{day},{a:.4f},{b:.4f}" for day, (a, b) in zip(days, late)]
    table = parse_table("\n".join(["day,size,sign", *rows]).encode())
    skills = {}
    for beside in ((), ("sign",)):
        series, _ = series_of(table, "size", "sizes", beside)
        trial = next(each for each in trials(series, ("jitter",), 3, 1) if each)
        assert trial.rows is not None
        skills[beside] = trial.real["forecast skill"]
        assert ("correlation between columns" in trial.rows.fidelity.columns) is bool(beside)
    assert skills[("sign",)] > 0.9 > skills[()]
    with pytest.raises(BadInput, match="“day” is not a column of different numbers"):
        series_of(table, "size", "sizes", ("day",))
    with pytest.raises(BadInput, match="31 columns were chosen; 20 are the most"):
        series_of(table, "size", "sizes", [f"x{at}" for at in range(30)])


def test_a_classifier_tells_shuffled_values_from_a_series_and_not_the_same_process() -> None:
    def walk(seed: int) -> NDArray[np.float64]:
        noise, values = np.random.default_rng(seed).normal(size=900), np.zeros(900)
        for at in range(1, 900):
            values[at] = 0.9 * values[at - 1] + noise[at]
        return values[:, None]

    real = walk(1)
    shuffled = np.random.default_rng(0).permutation(real)
    assert two_sample([real[:500], real[520:]], walk(2), 8) > 0.75
    assert two_sample([real[:500], real[520:]], shuffled, 8) < 0.25
