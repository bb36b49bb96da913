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


def plots(found: Sequence[Trial], outcomes: Sequence[Outcome], chosen: str) -> Iterator[Plot]:
    """Yield the plots of a report: gains of all methods, then similarity and distances of one."""
    yield gain_plot(outcomes)
    made = [trial.rows for trial in found if trial.method == chosen and trial.rows]
    if made:
        yield similarity_plot(made, METHODS[chosen])
        yield distance_plot(made, METHODS[chosen])


def gain_plot(outcomes: Sequence[Outcome]) -> Plot:
    """Return the gain of each method with its interval, and the line of no gain."""
    titles = [each.title for each in outcomes]
    labels = [f"{each.title}: {each.gain}" for each in outcomes]
    values = Points(y=[each.gain.value for each in outcomes], name="gain", labels=labels)
    end = max(1, len(titles) - 1)
    return Plot(
        f"Gain: {outcomes[0].score}",
        x=Axis("method", categories=titles),
        y=Axis("gain"),
        series=[
            Line(y=[0, 0], x=[0, end], name="no gain"),
            interval_line([each.gain for each in outcomes]),
            values,
        ],
    )


def similarity_plot(made: Sequence[SyntheticRows], title: str) -> Plot:
    """Return how much each column looks like the real one, the least like first, with held-out."""
    names = list(made[0].fidelity.columns)  # columns may differ between splits of a wide table
    kept = [name for name in names if all(name in each.fidelity.columns for each in made)]
    ours = {name: _mean([each.fidelity.columns[name] for each in made]) for name in kept}
    usual = {name: _mean([each.similarity.columns[name] for each in made]) for name in kept}
    worst = sorted(kept, key=ours.__getitem__)[:MOST_BARS]
    return Plot(
        f"{title}: similarity of columns",
        x=Axis("column", categories=worst),
        y=Axis("similarity", minimum=0, maximum=1),
        series=[
            Bars(y=[ours[name] for name in worst], name="synthetic"),
            Bars(y=[usual[name] for name in worst], name="held-out"),
        ],
    )


def distance_plot(made: Sequence[SyntheticRows], title: str) -> Plot:
    """Return the share of synthetic and of held-out rows within each distance of a real row."""
    ours = np.concatenate([each.privacy.distances for each in made])
    usual = np.concatenate([each.privacy.yardstick for each in made])
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
    real: Vectors, labels: NDArray[np.int_], classes: Sequence[str], made: Vectors, title: str
) -> Plot:
    """Return real rows (n, d) by class, and those that were made, on two components of the real."""
    from sklearn.decomposition import PCA

    if real.shape[1] < 2:
        real, made = (np.pad(rows, ((0, 0), (0, 1))) for rows in (real, made))
    pca = PCA(2, random_state=0).fit(real)
    groups = [(f"real, {name}", real[labels == at]) for at, name in enumerate(classes)]
    series = []
    for name, rows in (*groups, ("synthetic", made)):
        shown = pca.transform(rows[:MOST_POINTS]) if len(rows) else np.zeros((0, 2))
        series.append(Points(y=list(shown[:, 1]), x=list(shown[:, 0]), name=name))
    return Plot(f"{title}: rows", x=Axis("component 1"), y=Axis("component 2"), series=[*series])


def outcome_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a table in Markdown with a row for each method."""
    head = ["method", f"gain of {outcomes[0].score}", "synthetic rows alone", "similarity", "pairs"]
    head += ["membership attack", "copies", "verdict"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for each in outcomes:
        rows = each.rows
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
        joined = " | ".join([each.title, _signed(each.gain), *cells, str(each.verdict)])
        lines.append(f"| {joined} |")
    return lines


def outcome_data(each: Outcome) -> dict[str, Any]:
    """Return an outcome as plain data."""
    data: dict[str, Any] = {
        "verdict": str(each.verdict),
        "effect": str(each.effect),
        "real": each.real,
        "gain": {name: _plain(gain) for name, gain in each.gains.items()},
    }
    if each.rows:
        data["synthetic_alone"] = _plain(each.rows.alone)
        data["fidelity"] = {
            "columns": each.rows.fidelity,
            "pairs": None if np.isnan(each.rows.pairs) else each.rows.pairs,
            "held_out": each.rows.similarity,
        }
        data["privacy"] = {
            "membership": _plain(each.rows.membership),
            "nearer_to_training": each.rows.nearer,
            "copies": _plain(each.rows.copies),
        }
    return data


def _plain(estimate: Estimate) -> Mapping[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _signed(estimate: Estimate) -> str:
    return f"{estimate.value:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f})"


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
