"""Modes of the page, each with its task and the capability required of its weights."""

from __future__ import annotations

from studio.api import Mode
from studio.api.window.language import tr
from studio_molecules import schema

WRITES = "smiles"
"""What weights must be able to do that write molecules."""
GENERATE, ANALOGUES, IMPROVE, PREDICT = "generate", "analogues", "improve", "predict"
DECORATE, LINK, DOCK = "decorate", "link", "dock"


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
            capability=WRITES,
        ),
        Mode(
            ANALOGUES,
            tr("Analogues"),
            tr("Find analogues"),
            "git-fork",
            "molecules.analogues",
            schema.Analogues,
            own=("lead",),
            capability=WRITES,
        ),
        Mode(
            DECORATE,
            tr("Decorate"),
            tr("Decorate"),
            "hexagon",
            "molecules.decorate",
            schema.Decorate,
            own=("scaffold",),
            capability=WRITES,
        ),
        Mode(
            LINK,
            tr("Link"),
            tr("Link"),
            "link",
            "molecules.link",
            schema.Link,
            capability=WRITES,
            hint=tr("Two fragments, joined by linkers."),
        ),
        Mode(
            IMPROVE,
            tr("Optimise"),
            tr("Optimise"),
            "wand-sparkles",
            "molecules.improve",
            schema.Improve,
            own=("profile", "goal", "lead"),
            capability=WRITES,
        ),
        Mode(
            PREDICT,
            tr("Predict"),
            tr("Predict"),
            "gauge",
            "molecules.predict",
            schema.Predict,
            own=("file", "smiles"),
        ),
        Mode(
            DOCK,
            tr("Dock"),
            tr("Dock"),
            "puzzle",
            "molecules.dock",
            schema.Dock,
            own=("smiles",),
            capability="docking",
        ),
    )
