"""Derive advice from a fitted law, or the reason for none. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from studio_lab.measures.estimates import Estimate
from studio_lab.scaling.grid import AXES, EXAMPLES, PARAMETERS, SEEN, Measured
from studio_lab.scaling.power_law import Fit

SMALL_GAIN = 0.01
"""Of the loss: twice as much of something that brings less is not worth it."""
SURE = 0.9
"""The share of draws in which one thing has to be the best."""


class Advice(StrEnum):
    """The next step to take, or why it is unknown."""

    DATA = "data"
    NETWORK = "network"
    TIME = "time"
    EVEN = "even"
    ENOUGH = "enough"
    WIDE = "wide"
    MISSED = "missed"
    FEW = "few"

    @property
    def sentence(self) -> str:
        """It as a sentence."""
        return _SENTENCES[self]

    @property
    def is_known(self) -> bool:
        """Whether the grid supports a next step."""
        return self not in (Advice.WIDE, Advice.MISSED, Advice.FEW)


_SENTENCES = {
    Advice.DATA: "More data would help more than a larger network or longer training.",
    Advice.NETWORK: "A larger network would help more than more data or longer training.",
    Advice.TIME: "Longer training would help more than more data or a larger network.",
    Advice.EVEN: "None of more data, a larger network and longer training surely helps more than "
    "the others.",
    Advice.ENOUGH: "Neither more data nor a larger network nor longer training would help much: "
    "twice as much of any of them brings less than 1%.",
    Advice.WIDE: "These trainings do not tell what would help: the interval of the law is too "
    "wide. More minutes would narrow it.",
    Advice.MISSED: "These trainings do not tell what would help: the larger one came out other "
    "than predicted, so the law does not hold beyond the grid.",
    Advice.FEW: "Too few trainings were measured to tell what would help.",
}
_BY_AXIS = {PARAMETERS: Advice.NETWORK, EXAMPLES: Advice.DATA, SEEN: Advice.TIME}


@dataclass(frozen=True)
class Conclusion:
    """Conclusions from the trainings.

    Attributes:
        advice: The next step.
        at: The largest training of the grid, by amounts: gains are from there.
        gains: Axis → by how much the loss falls with twice as much of it.
        enough: Axis → the amount from which twice as much brings less than ``SMALL_GAIN``.
        ahead: The larger training, by amounts; ``predicted`` is its loss before it was run.
    """

    advice: Advice
    at: Mapping[str, float]
    gains: Mapping[str, Estimate]
    enough: Mapping[str, float]
    ahead: Mapping[str, float]
    predicted: Estimate


def concluded(
    fit: Fit,
    points: Sequence[Measured],
    ahead: Mapping[str, float],
    seed: int,
    larger: Measured | None = None,
) -> Conclusion:
    """Return the conclusions from a fit.

    Args:
        points: Those that it was fitted to.
        ahead: Amounts of the larger training, whose loss is predicted.
        seed: Of the prediction.
        larger: Measurement of that training, once it was run.
    """
    at = {name: max(point.amounts[name] for point in points) for name in AXES}
    gains = {name: fit.gain(name, at) for name in AXES}
    enough = {name: fit.law.enough(name, at, SMALL_GAIN) for name in AXES}
    predicted, advice = fit.predicted(ahead, seed), _advice(fit, at, gains)
    best = min(point.loss for point in points)
    if larger and _is_missed(predicted, larger.loss):
        advice = Advice.MISSED
    elif advice is not Advice.ENOUGH and fit.line(ahead).high >= best:
        advice = Advice.WIDE  # it does not even tell whether the larger one would be the best
    return Conclusion(advice, at, gains, enough, ahead, predicted)


def _is_missed(predicted: Estimate, loss: float) -> bool:
    """Whether a loss lies outside the interval, and by more than what counts as a gain."""
    is_outside = not predicted.low <= loss <= predicted.high
    return is_outside and abs(loss - predicted.value) > SMALL_GAIN * predicted.value


def _advice(fit: Fit, at: Mapping[str, float], gains: Mapping[str, Estimate]) -> Advice:
    if all(gain.high < SMALL_GAIN * fit.law(at) for gain in gains.values()):
        return Advice.ENOUGH
    best = max(gains, key=lambda name: gains[name].value)
    wins = [max(AXES, key=lambda name: law.gain(name, at)) == best for law in fit.draws]
    return _BY_AXIS[best] if sum(wins) >= SURE * len(wins) else Advice.EVEN
