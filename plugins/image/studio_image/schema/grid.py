"""Parameters of a grid."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import BadInput, File, Group, Label, Params, Range, Seed, Text
from studio_image.schema.axes import Plan, lines_of, plan
from studio_image.schema.pictures import PICTURE_SUFFIXES

_AXES = Group("Axes")
_ALL = Group("All pictures", advanced=True)


class Grid(Params, frozen=True):
    """Which settings change along which axis, and what all pictures have in common."""

    task: Annotated[
        Literal["generate", "restyle", "enlarge"],
        Label(
            "Task",
            "What makes each picture; its settings are what an axis can change.",
            {"generate": "Draw", "restyle": "Restyle", "enlarge": "Enlarge"},
        ),
    ] = "generate"

    prompts: Annotated[
        str,
        Text(lines=4, placeholder="One prompt per line", max_chars=100_000),
        Label("Prompts", "One per line: each gets pictures of its own."),
    ] = ""
    prompt_file: Annotated[
        str, File((".txt",)), Label("Prompt list", "A text file of prompts, one per line.")
    ] = ""
    x: Annotated[
        str,
        Text(placeholder="guidance=3,5,7", max_chars=20_000),
        Label("Across", "A setting and its values: guidance=3,5,7 or seed=1..4 or style=flat,3d."),
        _AXES,
    ] = ""
    y: Annotated[
        str,
        Text(placeholder="seed=1..4", max_chars=20_000),
        Label("Down", "A second setting and its values; prompts are divided by |."),
        _AXES,
    ] = ""
    z: Annotated[
        str,
        Text(placeholder="steps=8,12", max_chars=20_000),
        Label("Block", "A third setting and its values: a block of the sheet for each."),
        _AXES,
    ] = ""
    image: Annotated[
        str, File(PICTURE_SUFFIXES), Label("Picture", "The picture to restyle or enlarge."), _ALL
    ] = ""
    settings: Annotated[
        list[str],
        Label("Other settings", "What all pictures have in common: steps=20, style=flat."),
        _ALL,
    ] = []
    side: Annotated[
        int,
        Range(64, 512, 32, "px"),
        Label("Size on the sheet", "The longer side of each picture on the sheet."),
        _ALL,
    ] = 192
    seed: Annotated[
        Seed, Label("Seed", "All pictures start from it, unless it changes along an axis.")
    ] = Seed.random()

    def check(self) -> None:
        """Reject an invalid grid before anything is drawn; prompts in a file are read later."""
        if not self.prompt_file:
            self.plan(lines_of(self.prompts))

    def plan(self, prompts: list[str]) -> Plan:
        """Return the grid with these prompts.

        Raises:
            BadInput: It is none, or too large.
        """
        if self.task != "generate" and prompts:
            raise BadInput(
                "Only a grid of drawings takes prompts.", "Empty the prompts, or choose “generate”."
            )
        axes = {"x": self.x, "y": self.y, "z": self.z}
        return plan(self.task, axes, self.settings, prompts, self.image)
