"""What the page can do: each mode with its task and the part of its parameters for the panel."""

from __future__ import annotations

from dataclasses import dataclass

from studio.api import Params
from studio_molecules import schema
from studio_molecules.pages.phrases import tr

GENERATE, ANALOGUES, IMPROVE, PREDICT = "generate", "analogues", "improve", "predict"


@dataclass(frozen=True)
class Mode:
    """One of them.

    Attributes:
        verb: What its button says.
        only: The parameters of the panel; the page sets the others.
        needs_model: Whether weights have to be there.
    """

    id: str
    title: str
    verb: str
    icon: str
    task: str
    params: type[Params]
    only: tuple[str, ...]
    needs_model: bool = True


def modes() -> tuple[Mode, ...]:
    """Return them in the order of the switch."""
    return (
        Mode(
            GENERATE,
            tr("Generate"),
            tr("Generate"),
            "sparkles",
            "molecules.generate",
            schema.Generate,
            _all_but(schema.Generate),
        ),
        Mode(
            ANALOGUES,
            tr("Analogues"),
            tr("Find analogues"),
            "git-fork",
            "molecules.analogues",
            schema.Analogues,
            _all_but(schema.Analogues, "lead"),
        ),
        Mode(
            IMPROVE,
            tr("Improve"),
            tr("Improve"),
            "wand-sparkles",
            "molecules.improve",
            schema.Improve,
            _all_but(schema.Improve, "profile", "wishes", "lead", "population"),
        ),
        Mode(
            PREDICT,
            tr("Predict"),
            tr("Predict"),
            "gauge",
            "molecules.predict",
            schema.Predict,
            _all_but(schema.Predict, "file", "smiles"),
            False,
        ),
    )


def _all_but(params: type[Params], *mine: str) -> tuple[str, ...]:
    return tuple(field.name for field in params.fields() if field.name not in mine)
