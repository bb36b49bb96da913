"""Parameters of a comparison."""

from __future__ import annotations

from typing import Annotated

from studio.api import BadInput, Capability, File, Group, Label, Params, Range, Seed, WeightsId
from studio_lab.schema.names import ExampleName
from studio_lab.schema.training_fields import Extremes, FirstRow


class Compare(Params, frozen=True):
    """Which networks are set side by side, and on what data."""

    weights: Annotated[
        list[WeightsId],
        Capability("lab"),
        Label("Models", "Two or more that were trained in the lab, on the same data."),
    ]
    data: Annotated[
        str,
        File(folder=True, or_file=True),
        Label("Data", "What they were trained on: a folder of pictures, texts, or a CSV table."),
    ] = ""
    example: Annotated[
        ExampleName,
        Label(
            "Example", "A small data set that comes with the studio; used where no data are chosen."
        ),
    ] = "auto"
    samples: Annotated[
        int,
        Range(50, 5000, 50),
        Label("Samples", "How many each makes; more tell smaller differences."),
    ] = 300
    features: Annotated[
        WeightsId | None,
        Capability("features"),
        Label("Features", "What colour pictures are compared by, if they have no classes."),
        Group("Measures", advanced=True),
    ] = WeightsId()
    first_row: FirstRow = "auto"
    extremes: Extremes = "refuse"
    seed: Annotated[Seed, Label("Seed", "The same for all models.")] = Seed(0)

    def check(self) -> None:
        """Refuse a comparison of nothing."""
        if not self.weights:
            raise BadInput("No model was chosen.", "Choose two or more of those below Models.")
