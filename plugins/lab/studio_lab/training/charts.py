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


def charts(now: Progress, phases: Sequence[str]) -> list[Plot]:
    """Return one chart for each thing that was followed; the losses first.

    Titles, axes and names of series are the same words each time: the window translates them.

    Args:
        phases: Of the network; the losses of several stand in one chart.
    """
    steps: Values = [(place + 1) * now.stride for place in range(len(now.curves.get(RATE, ())))]
    losses: list[AnySeries] = [
        Line(list(now.curves.get(phase, ())), steps, phase if len(phases) > 1 else "training")
        for phase in phases
    ]
    if now.scores:
        at, scores = map(list, zip(*now.scores))
        losses.append(Line(scores, at, "validation"))
    found = [Plot("Loss", losses, Axis("Step"), Axis("Loss"))]
    for title, name in (("Learning rate", RATE), ("Gradient norm", GRADIENT)):
        if name in now.curves:
            line = Line(list(now.curves[name]), steps)
            found.append(Plot(title, [line], Axis("Step"), Axis(title)))
    for title, pairs in now.measured.items():
        values = Line([value for _, value in pairs], [step for step, _ in pairs])
        label, most = _LABELS.get(title, title), 1.0 if title in _SHARES else None
        found.append(Plot(title, [values], Axis("Step"), Axis(label, minimum=0.0, maximum=most)))
    return found
