"""Fields that schemas of drawings share: by which model, how large, how the noise is removed."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, Group, Label, Range, WeightsId

SIZE = Group("Size")
SAMPLING = Group("Sampling", advanced=True)
WIDTH = Label("Width", "0 uses the best size for the model.")
HEIGHT = Label("Height", "0 uses the best size for the model.")

Style = Literal["3d", "flat", "colour", "noto", "noto-v1", "fx"]
Scheduler = Literal[
    "default", "euler", "euler-a", "dpm++", "ddim", "lms", "heun", "dpm++-sde", "dpm2", "dpm2-a",
    "unipc", "pndm", "lcm",
]  # fmt: skip
_SCHEDULER_TITLES = {
    "euler-a": "Euler a",
    "dpm++": "DPM++ 2M",
    "ddim": "DDIM",
    "lms": "LMS",
    "dpm++-sde": "DPM++ 2M SDE",
    "dpm2": "DPM2",
    "dpm2-a": "DPM2 a",
    "unipc": "UniPC",
    "pndm": "PNDM",
    "lcm": "LCM",
}

Look = Annotated[Style, Label("Style", "The look of the drawing; starter model only.")]

Model = Annotated[
    WeightsId,
    Capability("text-to-image"),
    Label("Model", "The model that generates the pictures."),
]

Enlarged = Annotated[
    bool, Label("Enlarge", "Enlarge the starter model's small drawings four times."), SIZE
]

Steps = Annotated[
    int,
    Range(0, 150, lowest="Auto"),
    Label("Steps", "More steps take longer and add detail; 0 uses the model's default."),
    SAMPLING,
]

Guidance = Annotated[
    float,
    Range(0, 30, 0.5, lowest="Auto"),
    Label("Guidance", "Higher follows the prompt more closely; 0 uses the model's default."),
    SAMPLING,
]

Sampler = Annotated[
    Scheduler, Label("Scheduler", "The sampling method.", choices=_SCHEDULER_TITLES), SAMPLING
]
