"""Report a grid as a table, plots and a card. Pure functions."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple
from typing import Any

import numpy as np

from studio.api import as_parts
from studio.api.plot import AnySeries, Axis, Line, Plot, Points, Values
from studio_lab.measures.estimates import Estimate
from studio_lab.scaling.advice import Advice, Conclusion
from studio_lab.scaling.grid import AXES, EXAMPLES, PARAMETERS, SEEN, Measured
from studio_lab.scaling.power_law import Fit

WORDS = {PARAMETERS: "parameters", EXAMPLES: "examples", SEEN: "examples seen"}
_MORE = {PARAMETERS: "a larger network", EXAMPLES: "more data", SEEN: "longer training"}
_BESIDE = {PARAMETERS: EXAMPLES, EXAMPLES: PARAMETERS, SEEN: PARAMETERS}
"""What tells the series of a plot apart."""
_STOPS = 40
"""Points of a line of the law."""
_COLUMNS = (
    "training", "parameters", "examples", "steps", "examples seen", "loss", "loss by the law",
    "seconds", "joules", "joules, low", "joules, high", "grams of CO2",
)  # fmt: skip
JOULES_A_KWH = 3.6e6


def as_csv(
    points: Sequence[Measured], larger: Measured | None, fit: Fit | None, price: float = 0.0
) -> bytes:
    """Return a table with a row for each training.

    Args:
        price: Of a kWh, in any currency; 0 where none was said, and then no cost is told.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_COLUMNS, *(["cost of electricity"] if price else [])])
    for point in (*points, *([larger] if larger else [])):
        energy = [point.joules, point.low, point.high, point.grams]
        energy += [_cost(point.joules, price)] if price else []
        writer.writerow([
            "held out" if point is larger else "grid", point.parameters, point.examples,
            point.steps, point.seen, f"{point.loss:.6g}",
            f"{fit.law(point.amounts):.6g}" if fit else "",
            f"{point.seconds:.3g}", *("" if value is None else f"{value:.4g}" for value in energy),
        ])  # fmt: skip
    return out.getvalue().encode()


def _cost(joules: float | None, price: float) -> float | None:
    return None if joules is None else joules / JOULES_A_KWH * price


def plots(
    points: Sequence[Measured], larger: Measured | None, fit: Fit | None, end: Conclusion | None
) -> Iterator[Plot]:
    """Yield the loss over each axis: measured, the law, and the training that was held out."""
    for axis in AXES:
        yield _plot(axis, points, larger, fit, end)


def _plot(
    axis: str,
    points: Sequence[Measured],
    larger: Measured | None,
    fit: Fit | None,
    end: Conclusion | None,
) -> Plot:
    beside = _BESIDE[axis]
    shown = _comparable(axis, points)
    levels = sorted({point.amounts[beside] for point in shown})
    series: list[AnySeries] = []
    for level in levels:
        own = [point for point in shown if point.amounts[beside] == level]
        labels = [_label(point) for point in own]
        series.append(Points(
            y=[point.loss for point in own], x=[point.amounts[axis] for point in own],
            name=f"{level:,.0f} {WORDS[beside]}", labels=labels,
        ))  # fmt: skip
    if fit and shown:
        most = max([point.amounts[axis] for point in [*shown, *([larger] if larger else [])]])
        reach = np.geomspace(min(point.amounts[axis] for point in shown), most, _STOPS)
        others = {name: max(point.amounts[name] for point in shown) for name in AXES}
        settings = [{**others, beside: level} for level in levels]
        series.append(_lines(axis, reach, settings, fit))
        series.append(_interval(axis, reach, settings[-1], fit, end if larger else None))
    if larger:
        at, label = float(larger.amounts[axis]), _label(larger)
        series.append(Points(y=[larger.loss], x=[at], name="larger training", labels=[label]))
    name = WORDS[axis].capitalize()
    return Plot(
        f"Loss by {WORDS[axis]}", series, Axis(name, log=True), Axis("Loss in nats", log=True)
    )


def _comparable(axis: str, points: Sequence[Measured]) -> list[Measured]:
    """Return those that differ in the axis and in what tells series apart, and in nothing else."""
    (other,) = [name for name in AXES if name not in (axis, _BESIDE[axis])]
    most = max((point.amounts[other] for point in points), default=0)
    return [point for point in points if point.amounts[other] == most]


def _lines(axis: str, reach: Any, settings: Sequence[Mapping[str, float]], fit: Fit) -> Line:
    x: Values = []
    y: Values = []
    for at in settings:
        x += [*map(float, reach), None]
        y += [*(fit.law({**at, axis: float(amount)}) for amount in reach), None]
    return Line(y=y, x=x, name="law")


def _interval(
    axis: str, reach: Any, at: Mapping[str, float], fit: Fit, end: Conclusion | None
) -> Line:
    """Return the ends of the interval of the lowest line; upright, that of the larger training."""
    estimates = [fit.line({**at, axis: float(amount)}) for amount in reach]
    x: Values = [*map(float, reach), None, *map(float, reach)]
    y: Values = [
        *(estimate.low for estimate in estimates),
        None,
        *(estimate.high for estimate in estimates),
    ]
    if end:
        x += [None, float(end.ahead[axis]), float(end.ahead[axis])]
        y += [None, end.predicted.low, end.predicted.high]
    return Line(y=y, x=x, name="95% confidence interval")


def _label(point: Measured) -> str:
    return (
        f"{point.parameters:,} parameters, {point.examples:,} examples, {point.steps:,} steps: "
        f"{point.loss:.4g}"
    )


def card(
    title: str,
    points: Sequence[Measured],
    larger: Measured | None,
    fit: Fit | None,
    end: Conclusion | None,
    notes: Sequence[str],
    price: float = 0.0,
) -> str:
    """Return the report in Markdown, the advice first. ``price``: as in ``as_csv``."""
    lines = [f"# {title}", ""]
    if end:
        lines += [f"**{end.advice.sentence}**", ""]
    if end and fit and end.advice.is_known:
        lines += [_gains(end, fit), ""]
    if end and larger:
        lines += [_prediction(end.predicted, larger), ""]
    if fit and end:
        lines += [*_law(fit, end), ""]
    lines += [*_costs(points, larger, price), ""]
    lines += [f"- {note}" for note in notes]
    return "\n".join(lines).rstrip() + "\n"


def _gains(end: Conclusion, fit: Fit) -> str:
    whole = fit.law(end.at) / 100
    lines = [
        f"{_MORE[name]} {round(gain.value / whole, 3):.2g}% ({round(gain.low / whole, 3):.2g} to "
        f"{round(gain.high / whole, 3):.2g})"
        for name, gain in end.gains.items()
    ]
    return (
        "From the largest training of the grid on, each of these with twice as much would lower "
        f"the loss: {'; '.join(lines)}."
    )


def _prediction(predicted: Estimate, larger: Measured) -> str:
    inside = predicted.low <= larger.loss <= predicted.high
    return (
        f"A larger training was held out: {_label(larger).rpartition(':')[0]}. Before it was run, "
        f"its loss was predicted as {predicted.value:.4g} ({predicted.low:.4g} to "
        f"{predicted.high:.4g}); measured is {larger.loss:.4g}, "
        f"{'within' if inside else 'outside'} the interval."
    )


def _law(fit: Fit, end: Conclusion) -> list[str]:
    head = ["| | exponent | twice as much brings less than 1% from |", "|---|---|---|"]
    rows = [
        f"| {WORDS[name]} | {fit.exponent(name)} | {_from(end, name)} |" for name in fit.law.axes
    ]
    text = (
        f"The law is L = E + A/N^a + B/D^b + C/S^c, with E = {_floor(fit)} nats: what is left "
        "with any amount of everything. N are the parameters, D the examples to learn from, S the "
        "examples seen, each as often as it was. Fitted by the Huber loss of log L, as in Hoffmann "
        "et al. (2022); 95% confidence intervals by a bootstrap of the residuals."
    )
    return [text, "", *head, *rows]


def _floor(fit: Fit) -> str:
    value, low, high = (max(0.0, round(bound, 3)) for bound in astuple(fit.floor))
    return f"{value:g} ({low:g} to {high:g})"


def _from(end: Conclusion, name: str) -> str:
    amount = end.enough[name]
    if amount <= end.at[name]:
        return "reached"
    if amount >= 1000 * end.at[name]:
        return "beyond what this grid tells"
    return f"{float(f'{amount:.2g}'):,.0f}"


def _costs(points: Sequence[Measured], larger: Measured | None, price: float) -> list[str]:
    measured = [*points, *([larger] if larger else [])]
    if not measured:
        return []
    seconds = sum(point.seconds for point in measured)
    text = f"{len(measured)} trainings took {seconds / 60:.1f} min"
    joules = [point for point in measured if point.joules is not None]
    is_metered = len(joules) == len(measured)
    if is_metered:
        totals = [
            sum(getattr(point, name) for point in joules) for name in ("joules", "low", "high")
        ]
        text += (
            f" and about {totals[0] / 1e3:.2g} kJ ({totals[1] / 1e3:.2g} to {totals[2] / 1e3:.2g})"
        )
        if all(point.grams is not None for point in joules):
            text += f", {sum(point.grams or 0.0 for point in joules):.2g} g of CO₂"
    dearest = max(measured, key=lambda point: point.seconds)
    lines = [f"{text}; the longest {dearest.seconds:.0f} s. The table has the cost of each."]
    if price and is_metered:
        lines += ["", _price(totals, price, points, larger)]
    elif price:
        lines += ["", "The cost of electricity is not known: nothing here measures the energy."]
    return lines


def _price(
    joules: Sequence[float], price: float, points: Sequence[Measured], larger: Measured | None
) -> str:
    """Return the total cost, and the gain of the larger training for its cost."""
    value, low, high = (f"{bound / JOULES_A_KWH * price:.2g}" for bound in joules)
    text = (
        f"At {price:g} per kWh their electricity cost about {value} ({low} to {high}), in the "
        "currency of that price."
    )
    own = _cost(larger.joules, price) if larger else None
    if larger is None or own is None:
        return text
    best = min(bound.loss for bound in points)
    return (
        f"{text} The larger training alone cost {own:.2g}; with it the lowest loss is "
        f"{min(best, larger.loss):.4g}, without it {best:.4g}."
    )


def as_result(
    points: Sequence[Measured],
    larger: Measured | None,
    fit: Fit | None,
    end: Conclusion | None,
    price: float = 0.0,
) -> dict[str, Any]:
    """Return all that was found as plain data. ``price``: as in ``as_csv``."""
    advice = end.advice if end else Advice.FEW
    measured = [*points, *([larger] if larger else [])]
    result: dict[str, Any] = {
        "advice": str(advice),
        "sentence": advice.sentence,
        "points": [asdict(point) for point in points],
        "larger": asdict(larger) if larger else None,
        "training_seconds": round(sum(point.seconds for point in measured), 2),
    }
    for name in ("joules", "grams"):
        values = [getattr(point, name) for point in measured]
        if measured and None not in values:
            result[name] = round(sum(values), 3)
            if name == "joules" and price:
                result["electricity_cost"] = _cost(sum(values), price)
    if fit:
        if end:
            result["loss"] = fit.law(end.at)
        exponents = {name: asdict(fit.exponent(name)) for name in fit.law.axes}
        result["law"] = {"floor": asdict(fit.floor), "exponents": exponents}
    if end:
        result["at"] = dict(end.at)
        result["gains"] = {name: asdict(gain) for name, gain in end.gains.items()}
        result["enough"] = dict(end.enough)
        result["predicted"] = asdict(end.predicted)
    return result


def as_report(result: Mapping[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    """Return the data of the window's report: ``as_result`` without points, and the notes."""
    figures = {name: value for name, value in result.items() if name != "points"}
    count = len(result["points"]) + bool(result["larger"])
    return {
        "kind": "scaling",
        **figures,
        "trainings": count,
        "notes": [as_parts(note) for note in notes],
    }
