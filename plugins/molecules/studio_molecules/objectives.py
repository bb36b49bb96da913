"""Objectives on figures of a molecule, and one score from all of them.

Plain data and arithmetic, shared by both processes and the command line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from studio.api import BadInput
from studio_molecules.admet.endpoints import ENDPOINTS
from studio_molecules.properties import DESCRIPTORS, FIGURES

DOCKING = "docking"
"""The figure that a slow program finds."""

OBJECTIVES = (
    *(name for name in DESCRIPTORS if name not in ("score", "care")),
    DOCKING,
    "domain",
    *ENDPOINTS,
)
"""What can be asked for: every figure but the score itself, and the notice, which is no goal."""

OWN = "own:"
"""What the name of a column of the user's own has before it: a model of it is fitted first."""


_STARTS: dict[str, dict[str, Any]] = {
    "mw": {"high": 450, "tolerance": 100},
    "logp": {"low": 1, "high": 3, "tolerance": 2},
    "tpsa": {"high": 120, "tolerance": 40},
    "hbd": {"high": 3, "tolerance": 3},
    "hba": {"high": 8, "tolerance": 4},
    "rotatable": {"high": 8, "tolerance": 4},
    "rings": {"low": 1, "high": 4, "tolerance": 2},
    "aromatic": {"high": 3, "tolerance": 2},
    "fsp3": {"low": 0.4, "tolerance": 0.4},
    "heavy": {"high": 32, "tolerance": 8},
    "charge": {"low": 0, "high": 0, "tolerance": 1},
    "stereo": {"high": 2, "tolerance": 3},
    "qed": {"low": 0.7, "tolerance": 0.5},
    "sa": {"high": 3, "tolerance": 3},
    "alerts": {"high": 0, "tolerance": 3},
    "lipinski": {"high": 0, "tolerance": 2},
    "similarity": {"low": 0.4, "tolerance": 0.4},
    DOCKING: {"high": -9, "tolerance": 4},
    "domain": {"low": 1, "tolerance": 1},
    "solubility": {"low": -4, "tolerance": 2},
    "lipophilicity": {"low": 1, "high": 3, "tolerance": 2},
    "hydration": {"high": -5, "tolerance": 10},
    "caco2": {"low": -5.15, "tolerance": 1},
    "ppbr": {"high": 95, "tolerance": 20},
    "vdss": {"low": 1, "tolerance": 1},
    "half_life": {"low": 3, "tolerance": 3},
    "clearance_hepatocyte": {"high": 50, "tolerance": 50},
    "clearance_microsome": {"high": 50, "tolerance": 50},
    "ld50": {"high": 2.5, "tolerance": 1},
}
"""Where a new objective for a figure begins: what is usually asked of a drug."""


class Objective(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"figure": "property"}
):
    """Where a figure should lie.

    Attributes:
        figure: Its id, one of ``OBJECTIVES``.
        low, high: The wanted range; leave one out for "at least" or "at most".
        tolerance: How far outside of it the desirability falls to nothing, in units of the figure.
        weight: How much it counts beside the others.
        limit: Outside of the range a molecule is refused, however good it is otherwise.
    """

    figure: str
    low: float | None = None
    high: float | None = None
    tolerance: float = 0.0
    weight: float = 1.0
    limit: bool = False

    def desirability(self, value: float) -> float:
        """Return 1 inside of the range, falling in a straight line to 0 over the tolerance."""
        below = self.low - value if self.low is not None else -math.inf
        above = value - self.high if self.high is not None else -math.inf
        outside = max(below, above, 0.0)
        if outside == 0:
            return 1.0
        return max(0.0, 1 - outside / self.tolerance) if self.tolerance > 0 else 0.0


def usual_objective(figure: str) -> Objective:
    """Return the objective that a figure begins with; of a chance, the better half."""
    if figure in _STARTS:
        return Objective(figure, **_STARTS[figure])
    if figure.startswith(OWN):
        return Objective(figure, low=0.0, tolerance=1.0)
    is_low = ENDPOINTS[figure].wanted == "low"
    return (
        Objective(figure, high=0.5, tolerance=0.5)
        if is_low
        else Objective(figure, low=0.5, tolerance=0.5)
    )


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Objectives, and how near to a lead a molecule must stay.

    Attributes:
        lead: SMILES; empty if there is none. ``similarity``: least likeness to it, a hard limit.
        must_have, must_not_have: SMARTS, with spaces between them.
        keep: One, of a part of the lead that stays as it is.
        odd: Whether unusual groups are borne.
    """

    objectives: tuple[Objective, ...]
    lead: str = ""
    similarity: float = 0.0
    must_have: str = ""
    must_not_have: str = ""
    keep: str = ""
    odd: bool = False

    def figures(self) -> tuple[str, ...]:
        """Return the ids of all figures it speaks of."""
        return tuple(objective.figure for objective in self.objectives)

    def predicted(self) -> tuple[str, ...]:
        """Return the ids of those figures that networks must guess."""
        apart = {*DESCRIPTORS, DOCKING, *self.own()}
        return tuple(name for name in self.figures() if name not in apart)

    def own(self) -> tuple[str, ...]:
        """Return those of the user's own columns, which a model must be fitted to first."""
        return tuple(name for name in self.figures() if name.startswith(OWN))

    def without(self, figure: str) -> Profile:
        """Return the profile without the objectives for a figure."""
        remaining = tuple(objective for objective in self.objectives if objective.figure != figure)
        return msgspec.structs.replace(self, objectives=remaining)

    def score(self, figures: Mapping[str, float]) -> float:
        """Return the weighted geometric mean of the desirabilities, 0…1; 0 where a limit breaks.

        Derringer and Suich, J. Qual. Technol. 1980, 12, 214.
        """
        total, logs = 0.0, 0.0
        for objective in self.objectives:
            value = figures.get(objective.figure, math.nan)
            good = 0.0 if math.isnan(value) else objective.desirability(value)
            if good < 1 and objective.limit:
                return 0.0
            if good == 0:
                return 0.0
            logs += objective.weight * math.log(good)
            total += objective.weight
        return math.exp(logs / total) if total else 0.0


def parse(data: bytes, lead: str = "") -> Profile:
    """Return the profile of a JSON file, or of a form; ``lead`` is its lead where it names none.

    Raises:
        BadInput: it is none, names a figure there is not, or asks for what cannot be.
    """
    try:
        profile = msgspec.convert(_modern(msgspec.json.decode(data)), Profile)
    except msgspec.DecodeError as error:
        raise BadInput(
            f"This is not a profile: {error}.",
            'Write it like {"objectives": [{"property": "qed", "low": 0.8, "tolerance": 0.3}]}.',
        ) from error
    return checked(profile if profile.lead else msgspec.structs.replace(profile, lead=lead))


def _modern(data: Any) -> Any:
    """Return a profile with today's names; earlier ones said wishes, figure and slack."""
    if not isinstance(data, dict) or not isinstance(data.get("wishes"), list):
        return data
    earlier = {"figure": "property", "slack": "tolerance"}
    objectives = [
        {earlier.get(name, name): value for name, value in wish.items()}
        if isinstance(wish, dict)
        else wish
        for wish in data["wishes"]
    ]
    return {name: value for name, value in data.items() if name != "wishes"} | {
        "objectives": objectives
    }


def checked(profile: Profile) -> Profile:
    """Return ``profile``, or raise ``BadInput`` with the objective that cannot be met."""
    if not profile.objectives:
        raise BadInput("The profile has no objectives.", "Add at least one objective.")
    for number, objective in enumerate(profile.objectives, 1):
        if objective.figure not in OBJECTIVES and not objective.figure.startswith(OWN):
            called = f"Objective {number} (“{objective.figure[:40]}”)"
            names = ", ".join(OBJECTIVES)
            raise BadInput(f"{called} is for an unknown property.", f"Available: {names}.")
        known_as = FIGURES.get(objective.figure)
        called = f"Objective {number} ({known_as.title if known_as else objective.figure})"
        if objective.low is None and objective.high is None:
            raise BadInput(
                f"{called} has neither “at least” nor “at most”.",
                "Fill in one of them; in a file they are called “low” and “high”.",
            )
        if (
            objective.low is not None
            and objective.high is not None
            and objective.low > objective.high
        ):
            raise BadInput(
                f"{called} has a minimum of {objective.low:g} above its maximum of "
                f"{objective.high:g}."
            )
        if not (objective.weight > 0 and objective.tolerance >= 0):
            raise BadInput(f"{called} has a negative weight or tolerance.")
    if not 0 <= profile.similarity <= 1:
        raise BadInput("Similarity to the lead must be between 0 and 1.")
    if (profile.similarity or "similarity" in profile.figures()) and not profile.lead:
        raise BadInput(
            "The profile asks for similarity to a lead, but there is no lead.",
            "Add a lead, or remove the similarity.",
        )
    return profile
