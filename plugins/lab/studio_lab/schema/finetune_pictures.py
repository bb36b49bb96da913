"""Parameters of a fine-tuning on pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, File, Label, Params, Range, Seed, ShownIf, Text, WeightsId
from studio_lab.schema.training_fields import (
    AdapterBatch,
    AdapterRate,
    CheckpointSeconds,
    EarlyStopping,
    Minutes,
    Rank,
    Strength,
)


class FineTunePictures(Params, frozen=True):
    """Which picture model learns from what, and for how long."""

    data: Annotated[
        str,
        File(folder=True),
        Label(
            "Pictures",
            "A folder. What a picture shows may stand in a text file of the same name beside it; "
            "else it is the name of the folder that it lies in.",
        ),
    ]
    model: Annotated[
        Literal["lab", "diffusion"],
        Label(
            "Kind of model",
            "A model of the Lab learns for itself; Stable Diffusion gets an adapter beside it, "
            "which Pictures can use or leave out.",
            choices={"lab": "Lab", "diffusion": "Stable Diffusion"},
        ),
    ] = "lab"
    own: Annotated[
        WeightsId | None,
        Capability("lab-pictures"),
        Label("Model", "A model that was trained in the lab."),
        ShownIf("model", "lab"),
    ] = WeightsId()
    weights: Annotated[
        WeightsId | None,
        Capability("text-to-image"),
        Label("Base model", "A Stable Diffusion model as a diffusers folder; it stays as it is."),
        ShownIf("model", "diffusion"),
    ] = WeightsId()
    prompt: Annotated[
        str,
        Text(placeholder="e.g. a drawing of my cat", max_chars=1000),
        Label("Prompt", "What pictures show that no text and no folder tells of."),
        ShownIf("model", "diffusion"),
    ] = ""
    side: Annotated[
        int,
        Range(16, 1024, 64, "px"),
        Label("Picture size", "Pixels along one side."),
        ShownIf("model", "diffusion"),
    ] = 512
    epochs: Annotated[
        int, Range(1, 1000), Label("Epochs", "How often each example is seen, at most.")
    ] = 20
    minutes: Minutes = 30.0
    rank: Rank = 8
    strength: Strength = 16.0
    batch: AdapterBatch = 4
    rate: AdapterRate = 0.001
    checkpoint_seconds: CheckpointSeconds = 60.0
    early_stopping: EarlyStopping = True
    seed: Seed = Seed.random()
