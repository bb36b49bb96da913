"""Scaling reports in the language of the window. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import translated
from studio.api.window.figures import localised
from studio.api.window.language import tr

Figure = Mapping[str, float]


def scaling_law(report: Mapping[str, Any]) -> str:
    """Return a scaling report as Markdown, the advice first.

    Args:
        report: From the task; unknown figures are missing.
    """
    advice = str(report["advice"])
    lines = [f"**{_advice().get(advice, report['sentence'])}**"]
    if "gains" in report and advice not in ("wide", "missed", "few"):
        lines.append(_gains(report))
    if "predicted" in report and report["larger"]:
        lines.append(_prediction(report["predicted"], report["larger"]))
    if "law" in report and "enough" in report:
        lines.append(_law(report))
    lines.append(_costs(report))
    lines.append("\n".join(f"- {translated(note, tr)}" for note in report["notes"]))
    return "\n\n".join(filter(None, lines))


def _advice() -> dict[str, str]:
    return {
        "data": tr("More data would help more than a larger network or longer training."),
        "network": tr("A larger network would help more than more data or longer training."),
        "time": tr("Longer training would help more than more data or a larger network."),
        "even": tr(
            "None of more data, a larger network and longer training surely helps more than the "
            "others."
        ),
        "enough": tr(
            "Neither more data nor a larger network nor longer training would help much: twice as "
            "much of any of them brings less than 1%."
        ),
        "wide": tr(
            "These trainings do not tell what would help: the interval of the law is too wide. "
            "More minutes would narrow it."
        ),
        "missed": tr(
            "These trainings do not tell what would help: the larger one came out other than "
            "predicted, so the law does not hold beyond the grid."
        ),
        "few": tr("Too few trainings were measured to tell what would help."),
    }


def _gains(report: Mapping[str, Any]) -> str:
    more = {
        "parameters": tr("a larger network"),
        "examples": tr("more data"),
        "seen": tr("longer training"),
    }
    translated = [
        tr("{what} {gain}% ({low} to {high})").format(
            what=more[name], **_rounded(gain, 100 / report["loss"])
        )
        for name, gain in report["gains"].items()
    ]
    return tr(
        "From the largest training of the grid on, each of these with twice as much would lower "
        "the loss: {gains}."
    ).format(gains="; ".join(translated))


def _rounded(figure: Figure, times: float) -> dict[str, str]:
    named = {"gain": "value", "low": "low", "high": "high"}
    return {name: localised(f"{round(figure[key] * times, 3):.2g}") for name, key in named.items()}


def _prediction(predicted: Figure, larger: Mapping[str, Any]) -> str:
    inside = predicted["low"] <= larger["loss"] <= predicted["high"]
    text = (
        tr(
            "A larger training was held out: {parameters} parameters, {examples} examples, {steps} "
            "steps. Before it was run, its loss was predicted as {value} ({low} to {high}); "
            "measured is {loss}, within the interval."
        )
        if inside
        else tr(
            "A larger training was held out: {parameters} parameters, {examples} examples, {steps} "
            "steps. Before it was run, its loss was predicted as {value} ({low} to {high}); "
            "measured is {loss}, outside the interval."
        )
    )
    return text.format(
        **{name: localised(f"{larger[name]:,}") for name in ("parameters", "examples", "steps")},
        **{name: localised(f"{predicted[name]:.4g}") for name in ("value", "low", "high")},
        loss=localised(f"{larger['loss']:.4g}"),
    )


def _law(report: Mapping[str, Any]) -> str:
    names = {
        "parameters": tr("Parameters"),
        "examples": tr("Examples"),
        "seen": tr("Examples seen"),
    }
    law, floor = report["law"], report["law"]["floor"]
    translated = tr(
        "The law is L = E + A/N^a + B/D^b + C/S^c, with E = {floor} nats: what is left with any "
        "amount of everything. N are the parameters, D the examples to learn from, S the examples "
        "seen. Fitted as in Hoffmann et al. (2022); 95% confidence intervals by a bootstrap."
    ).format(floor=_span({name: max(0.0, value) for name, value in floor.items()}))
    head = ["", tr("Exponent"), tr("Twice as much brings less than 1% from")]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, exponent in law["exponents"].items():
        cells = [names[name], _span(exponent), _from(report, name)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([translated, "", *lines])


def _span(figure: Figure) -> str:
    value, low, high = (
        localised(f"{round(figure[key], 4):.3g}") for key in ("value", "low", "high")
    )
    return tr("{value} ({low} to {high})").format(value=value, low=low, high=high)


def _from(report: Mapping[str, Any], name: str) -> str:
    amount, largest = report["enough"][name], report["at"][name]
    if amount <= largest:
        return tr("reached")
    if amount >= 1000 * largest:
        return tr("beyond what this grid tells")
    return localised(f"{float(f'{amount:.2g}'):,.0f}")


def _costs(report: Mapping[str, Any]) -> str:
    places = {
        "count": report["trainings"],
        "minutes": localised(f"{report['training_seconds'] / 60:.1f}"),
    }
    if "joules" not in report:
        return tr("{count} trainings took {minutes} min.").format(**places)
    translated = tr("{count} trainings took {minutes} min and about {energy} kJ.").format(
        **places, energy=localised(f"{report['joules'] / 1e3:.2g}")
    )
    if "electricity_cost" not in report:
        return translated
    cost = localised(f"{report['electricity_cost']:.2g}")
    price = tr("Their electricity cost about {cost}, in the currency of the price that was said.")
    return f"{translated} {price.format(cost=cost)}"
