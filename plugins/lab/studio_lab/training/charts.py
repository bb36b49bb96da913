"""How a training went, as charts. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from studio.api.plot import AnySeries, Axis, Line, Plot, Values
from studio_lab.training.trainer import GRADIENT, RATE, Progress

SPEED, COVERAGE, ENERGY = "Examples per second", "Mode coverage", "Energy"
OF_THIS_MACHINE = (SPEED, ENERGY)
"""Charts to look at while it runs: results of the same training are the same without them."""
_SHARES = (COVERAGE,)
_LABELS = {ENERGY: "Energy in joules"}


def charts(now: Progress, phases: Sequence[str], validation: str = "") -> list[Plot]:
    """Return one chart for each thing that was followed; the losses first.

    The validation stands beside the loss only where it is the same thing on other rows.
    Titles, axes and names of series are the same words each time: the window translates them.

    Args:
        phases: Of the network; the losses of several stand in one chart.
        validation: What the validation is, where that is not the loss.
    """
    steps: Values = [(place + 1) * now.stride for place in range(len(now.curves.get(RATE, ())))]
    losses: list[AnySeries] = [
        Line(list(now.curves.get(phase, ())), steps, phase if len(phases) > 1 else "training")
        for phase in phases
    ]
    plots = [Plot("Loss", losses, Axis("Step"), Axis("Training loss" if validation else "Loss"))]
    if now.scores:
        at, scores = map(list, zip(*now.scores))
        line = Line(scores, at, "validation")
        if validation:
            plots.append(Plot("Validation", [line], Axis("Step"), Axis(validation)))
        else:
            losses.append(line)
    for title, name in (("Learning rate", RATE), ("Gradient norm", GRADIENT)):
        if name in now.curves:
            line = Line(list(now.curves[name]), steps)
            plots.append(Plot(title, [line], Axis("Step"), Axis(title)))
    for title, pairs in now.measured.items():
        values = Line([value for _, value in pairs], [step for step, _ in pairs])
        label, most = _LABELS.get(title, title), 1.0 if title in _SHARES else None
        plots.append(Plot(title, [values], Axis("Step"), Axis(label, minimum=0.0, maximum=most)))
    return plots
