"""Augmentation reports in the language of the window. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import translated
from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_lab.pages.phrases import plot_name
from studio_lab.schema.names import METHODS

Figure = Mapping[str, float]


def augmentation(report: Mapping[str, Any]) -> str:
    """Return the verdict on each method as Markdown.

    Args:
        report: As the task left it: ``score``, ``splits``, ``chosen``, ``outcomes``, ``notes``,
            and of tables ``table``, the card of the real one.
    """
    score, outcomes = report["score"], report["outcomes"]
    lines = [f"**{translated(leak, tr)}**\n" for leak in report.get("leaks", ())]
    lines += [f"**{_sentence(report['chosen'], outcomes[report['chosen']], report)}**", ""]
    head = [
        tr("Method"),
        tr("Gain of {score}").format(score=plot_name(score)),
        tr("Synthetic data alone"),
        tr("Similarity"),
        tr("Membership attack"),
        tr("Copies"),
        tr("Verdict"),
    ]
    lines += [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [_row(method, outcome, score) for method, outcome in outcomes.items()]
    lines += [
        "",
        _how(),
        "",
        tr("Synthetic data are not measurements. Say so wherever they are used."),
    ]
    lines += ["", *(f"- {translated(note, tr)}" for note in report["notes"])]
    lines += ["", *(translated(line, tr) for line in report.get("table", ()))]
    return "\n".join(lines)


def verdict_name(verdict: str) -> str:
    """Return a verdict as it is called in the language of the window."""
    return {
        "helps": tr("helps"),
        "no effect": tr("no effect"),
        "cannot tell": tr("cannot tell"),
        "harms": tr("harms"),
        "leaks": tr("leaks"),
    }.get(verdict, verdict)


def _sentence(method: str, outcome: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    gain = _signed(outcome["gain"][report["score"]])
    places = {"method": method_name(method), "score": plot_name(report["score"]), "gain": gain,
              "splits": report["splits"], "real": localised(f"{outcome['real']:.3f}")}  # fmt: skip
    sentences = {
        "helps": tr("{method} helps: {score} changes by {gain} from {real} with real data alone."),
        "harms": tr("{method} harms: {score} changes by {gain} from {real} with real data alone."),
        "no effect": tr(
            "{method} shows no measurable effect over {splits} splits: {score} changes by {gain} "
            "from {real} with real data alone."
        ),
        "cannot tell": tr(
            "{method} may help or harm, {splits} splits cannot tell: {score} changes by {gain} "
            "from {real} with real data alone."
        ),
    }[outcome["effect"]].format(**places)
    if outcome["verdict"] != "leaks":
        return sentences
    leaks = tr(
        "{method} leaks: what it makes tells which real data it learned from (area of the "
        "membership attack {area}, where 0.5 is chance; {copies} are copies). Do not pass it on."
    )
    private = outcome["privacy"]
    area, copied = private["membership"]["value"], private["copies"]["value"]
    translated = leaks.format(
        method=places["method"], area=localised(f"{area:.2f}"), copies=f"{copied:.0%}"
    )
    return f"{translated} {sentences}"


def _row(method: str, outcome: Mapping[str, Any], score: str) -> str:
    cells = [method_name(method), _signed(outcome["gain"][score]), *[""] * 4]
    if "privacy" in outcome:
        alike, private = outcome["fidelity"], outcome["privacy"]
        cells[2] = _signed(outcome["synthetic_alone"])
        cells[3] = tr("{value} (held-out {usual})").format(
            value=localised(f"{alike['columns']:.2f}"), usual=localised(f"{alike['held_out']:.2f}")
        )
        cells[4] = localised(f"{private['membership']['value']:.2f}")
        cells[5] = f"{private['copies']['value']:.0%}"
    return f"| {' | '.join([*cells, verdict_name(outcome['verdict'])])} |"


def _signed(figure: Figure) -> str:
    return localised(f"{figure['value']:+.3f} ({figure['low']:+.3f} … {figure['high']:+.3f})")


def _how() -> str:
    return tr(
        "Gains are over real data alone, on real data that neither the method nor what learned "
        "from it had seen. Intervals are 95% confidence intervals, corrected for "
        "splits that share data and for the number of methods. The attack guesses from distances "
        "which data were learned from; other attacks may find more."
    )


def method_name(method: str) -> str:
    """Return a way to augment as it is called in the language of the window."""
    return plot_name(METHODS.get(method, method))
