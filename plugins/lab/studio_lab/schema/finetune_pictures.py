"""Parameters of a fine-tuning on pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, File, Group, Label, Params, Range, Seed, ShownIf, Text, WeightsId

_TRAINING = Group("Training", advanced=True)


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
    minutes: Annotated[
        float, Range(0.05, 10_000, 1, "min"), Label("Time", "How long to train at most.")
    ] = 30.0
    rank: Annotated[
        int,
        Range(1, 256),
        Label("Rank", "How much the adapter can change; a higher one needs more examples."),
        _TRAINING,
    ] = 8
    strength: Annotated[
        float,
        Range(0.1, 512.0, 1.0),
        Label("Strength", "What the changes are multiplied by; twice the rank is usual."),
        _TRAINING,
    ] = 16.0
    batch: Annotated[
        int, Range(1, 256), Label("Batch", "How many examples each step learns from."), _TRAINING
    ] = 4
    rate: Annotated[
        float,
        Range(0.00001, 0.1, 0.0001),
        Label("Learning rate", "How large the steps are at most."),
        _TRAINING,
    ] = 0.001
    checkpoint_seconds: Annotated[
        float,
        Range(1, 3600, 10, "s"),
        Label("Checkpoint every", "After a crash, training continues from the last one."),
        _TRAINING,
    ] = 60.0
    early_stopping: Annotated[
        bool,
        Label("Stop early", "End when the validation has not improved for a while."),
        _TRAINING,
    ] = True
    seed: Seed = Seed.random()
