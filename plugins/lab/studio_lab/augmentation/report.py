"""Report the trials of a table: plots, a card, and plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.api.plot import Axis, Bars, Line, Plot, Points
from studio_lab.augmentation.trial import SyntheticRows, Trial
from studio_lab.augmentation.verdict import Outcome
from studio_lab.measures.comparison import interval_line
from studio_lab.measures.distances import Vectors
from studio_lab.measures.estimates import Estimate
from studio_lab.schema.names import METHODS

MOST_BARS = 30
MOST_POINTS = 1500


def plots(trials: Sequence[Trial], outcomes: Sequence[Outcome], chosen: str) -> Iterator[Plot]:
    """Yield the plots of a report: gains of all methods, then similarity and distances of one."""
    yield gain_plot(outcomes)
    synthetic = [trial.rows for trial in trials if trial.method == chosen and trial.rows]
    if synthetic:
        yield similarity_plot(synthetic, METHODS[chosen])
        yield distance_plot(synthetic, METHODS[chosen])


def gain_plot(outcomes: Sequence[Outcome]) -> Plot:
    """Return the gain of each method with its interval, and the line of no gain."""
    titles = [outcome.title for outcome in outcomes]
    labels = [f"{outcome.title}: {outcome.gain}" for outcome in outcomes]
    values = Points(y=[outcome.gain.value for outcome in outcomes], name="gain", labels=labels)
    end = max(1, len(titles) - 1)
    return Plot(
        f"Gain: {outcomes[0].score}",
        x=Axis("method", categories=titles),
        y=Axis("gain"),
        series=[
            Line(y=[0, 0], x=[0, end], name="no gain"),
            interval_line([outcome.gain for outcome in outcomes]),
            values,
        ],
    )


def similarity_plot(synthetic: Sequence[SyntheticRows], title: str) -> Plot:
    """Return how much each column looks like the real one, the least like first, with held-out."""
    names = list(synthetic[0].fidelity.columns)  # columns may differ between splits of a wide table
    columns = [name for name in names if all(name in rows.fidelity.columns for rows in synthetic)]
    ours = {name: _mean([rows.fidelity.columns[name] for rows in synthetic]) for name in columns}
    usual = {name: _mean([rows.similarity.columns[name] for rows in synthetic]) for name in columns}
    worst = sorted(columns, key=ours.__getitem__)[:MOST_BARS]
    return Plot(
        f"{title}: similarity of columns",
        x=Axis("column", categories=worst),
        y=Axis("similarity", minimum=0, maximum=1),
        series=[
            Bars(y=[ours[name] for name in worst], name="synthetic"),
            Bars(y=[usual[name] for name in worst], name="held-out"),
        ],
    )


def distance_plot(synthetic: Sequence[SyntheticRows], title: str) -> Plot:
    """Return the share of synthetic and of held-out rows within each distance of a real row."""
    ours = np.concatenate([rows.privacy.distances for rows in synthetic])
    usual = np.concatenate([rows.privacy.yardstick for rows in synthetic])
    return Plot(
        f"{title}: distance to the closest real row",
        x=Axis("distance", minimum=0),
        y=Axis("share of rows within it", minimum=0, maximum=1),
        series=[_shares(ours, "synthetic"), _shares(usual, "held-out")],
    )


def _shares(distances: Vectors, name: str) -> Line:
    shares = np.linspace(0, 1, 101)
    return Line(y=list(shares), x=list(np.quantile(distances, shares)), name=name)


def scatter_plot(
    real: Vectors, labels: NDArray[np.int_], classes: Sequence[str], synthetic: Vectors, title: str
) -> Plot:
    """Return real rows (n, d) by class, and those that were made, on two components of the real."""
    from sklearn.decomposition import PCA

    if real.shape[1] < 2:
        real, synthetic = (np.pad(rows, ((0, 0), (0, 1))) for rows in (real, synthetic))
    pca = PCA(2, random_state=0).fit(real)
    groups = [(f"real, {name}", real[labels == at]) for at, name in enumerate(classes)]
    series = []
    for name, rows in (*groups, ("synthetic", synthetic)):
        shown = pca.transform(rows[:MOST_POINTS]) if len(rows) else np.zeros((0, 2))
        series.append(Points(y=list(shown[:, 1]), x=list(shown[:, 0]), name=name))
    return Plot(f"{title}: rows", x=Axis("component 1"), y=Axis("component 2"), series=[*series])


def outcome_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a table in Markdown with a row for each method."""
    head = ["method", f"gain of {outcomes[0].score}", "synthetic rows alone", "similarity", "pairs"]
    head += ["membership attack", "copies", "verdict"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for outcome in outcomes:
        rows = outcome.rows
        cells = (
            [
                _signed(rows.alone),
                f"{rows.fidelity:.2f} (held-out {rows.similarity:.2f})",
                "" if np.isnan(rows.pairs) else f"{rows.pairs:.2f}",
                f"{rows.membership.value:.2f}",
                f"{rows.copies.value:.0%}",
            ]
            if rows
            else [""] * 5
        )
        joined = " | ".join([outcome.title, _signed(outcome.gain), *cells, str(outcome.verdict)])
        lines.append(f"| {joined} |")
    return lines


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain data."""
    data: dict[str, Any] = {
        "verdict": str(outcome.verdict),
        "effect": str(outcome.effect),
        "real": outcome.real,
        "gain": {name: _plain(gain) for name, gain in outcome.gains.items()},
    }
    if outcome.rows:
        data["synthetic_alone"] = _plain(outcome.rows.alone)
        data["fidelity"] = {
            "columns": outcome.rows.fidelity,
            "pairs": None if np.isnan(outcome.rows.pairs) else outcome.rows.pairs,
            "held_out": outcome.rows.similarity,
        }
        data["privacy"] = {
            "membership": _plain(outcome.rows.membership),
            "nearer_to_training": outcome.rows.nearer,
            "copies": _plain(outcome.rows.copies),
        }
    return data


def _plain(estimate: Estimate) -> Mapping[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _signed(estimate: Estimate) -> str:
    return f"{estimate.value:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f})"


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
