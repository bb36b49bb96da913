"""Parameters of a generation."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import (
    BadInput,
    Capability,
    File,
    Group,
    Label,
    Params,
    Range,
    RenamedFrom,
    Seed,
    Text,
    WeightsId,
)
from studio_image.schema.drawing_fields import (
    HEIGHT,
    SAMPLING,
    SIZE,
    WIDTH,
    Enlarged,
    Guidance,
    Look,
    Model,
    Sampler,
    Steps,
)
from studio_image.schema.pictures import PICTURE_SUFFIXES

_START = Group("Starting image", advanced=True)
_CONTROL = Group("ControlNet", advanced=True)
_REGIONS = Group("Regions", advanced=True)
_FILE = Group("File", advanced=True)
_VARIATION = Group("Variation of a seed", advanced=True)
REGION_COLOURS = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
}
"""What the region of the first, the second … prompt is painted in."""
MOST_LORAS = 16
STRONGEST_LORA = 4.0


class Generate(Params, frozen=True):
    """Parameters of a drawing: subject, weights, size and sampling.

    Zeros stand for the defaults of the weights; the record of the result holds the actual values.
    """

    prompt: Annotated[
        str,
        Text(lines=3, placeholder="e.g. an owl", max_chars=4000),
        Label("Prompt", "What the pictures should show."),
    ]
    negative: Annotated[
        str,
        Text(lines=2, placeholder="e.g. text, blur", max_chars=4000),
        Label("Negative prompt", "What the pictures should not show."),
    ] = ""
    wildcards: Annotated[
        str,
        File(folder=True),
        Label(
            "Wildcards",
            "A folder of text files: a line of animal.txt takes the place of __animal__ in a "
            "prompt. Diffusion models only.",
        ),
        SAMPLING,
    ] = ""
    style: Look = "3d"
    weights: Model = WeightsId()
    loras: Annotated[
        list[WeightsId],
        Capability("lora"),
        Label("LoRAs", "What is added to the model: a style, a character, a thing."),
        RenamedFrom("adapters"),
    ] = []
    lora_strengths: Annotated[
        list[float],
        Label(
            "LoRA strengths", "How strong each LoRA is, in the same order; 1 where none is given."
        ),
    ] = []
    inversions: Annotated[
        list[WeightsId],
        Capability("textual-inversion"),
        Label("Textual inversions", "Where their names stand in a prompt, they count."),
    ] = []
    width: Annotated[int, Range(0, 4096, 8, "px", "Auto"), WIDTH, SIZE] = 0
    height: Annotated[int, Range(0, 4096, 8, "px", "Auto"), HEIGHT, SIZE] = 0
    enlarge: Enlarged = True
    transparent: Annotated[
        bool,
        Label("Transparent background", "Cut the drawing out of its paper; starter model only."),
    ] = False
    count: Annotated[
        int, Range(1, 16), Label("Variations", "How many pictures to generate; each is different.")
    ] = 4
    variety: Annotated[
        float,
        Range(0, 1, 0.25),
        Label(
            "Variety",
            "0 repeats one drawing; more moves it and lets chance say more, but it stays alike to "
            "the eye. Starter model only.",
        ),
    ] = 0.5
    mix_styles: Annotated[
        bool,
        Label(
            "Mixed styles",
            "Draw the variations in other styles, too; the first of four keeps the chosen one. "
            "Starter model only.",
        ),
    ] = False
    steps: Steps = 0
    guidance: Guidance = 0.0
    scheduler: Sampler = "default"
    karras: Annotated[
        bool,
        Label("Karras noise levels", "Spend more of the steps on fine detail."),
        SAMPLING,
    ] = False
    clip_skip: Annotated[
        int,
        Range(0, 12, lowest="Auto"),
        Label(
            "Clip skip",
            "2 leaves out the last layer of the text encoder, as models for anime often want. "
            "Stable Diffusion 1 and 2 only.",
        ),
        SAMPLING,
    ] = 0
    freeu: Annotated[
        bool, Label("FreeU", "More contrast and detail without more steps."), SAMPLING
    ] = False
    variation_seed: Annotated[
        int,
        Range(0, Seed.MAXIMUM, grouped=False),
        Label("Variation seed", "The seed that the picture moves towards."),
        _VARIATION,
    ] = 0
    variation: Annotated[
        float,
        Range(0, 1, 0.05),
        Label("Variation", "How far it moves: 0 stays, 1 is the picture of the other seed."),
        _VARIATION,
    ] = 0.0
    init: Annotated[
        str,
        File(PICTURE_SUFFIXES),
        Label("Starting image", "Start from this picture instead of noise."),
        _START,
    ] = ""
    strength: Annotated[
        float,
        Range(0.05, 1, 0.05),
        Label("Strength", "How much of that picture may change; 1 changes everything."),
        _START,
    ] = 0.6
    control: Annotated[
        WeightsId | None,
        Capability("controlnet"),
        Label("ControlNet", "What leads the drawing by the picture below."),
        _CONTROL,
    ] = WeightsId()
    control_image: Annotated[
        str,
        File(PICTURE_SUFFIXES),
        Label("Guide picture", "Its edges, depth or pose lead the drawing; empty for a free hand."),
        _CONTROL,
    ] = ""
    control_from: Annotated[
        Literal["picture", "edges"],
        Label(
            "Guide by",
            "“Edges” finds them in the picture first; “picture” takes it unchanged.",
        ),
        _CONTROL,
    ] = "picture"
    control_strength: Annotated[
        float,
        Range(0, 2, 0.05),
        Label("Guide strength", "How closely the drawing follows; 1 is usual."),
        _CONTROL,
    ] = 1.0
    control_end: Annotated[
        float,
        Range(0.05, 1, 0.05),
        Label("Guide until", "The share of the steps that are led; the rest are free."),
        _CONTROL,
    ] = 1.0
    regions: Annotated[
        str,
        Text(lines=2, placeholder="One prompt per line", max_chars=8000),
        Label(
            "Prompts of regions",
            "One per line, for what is painted red, green, blue, yellow, cyan and magenta; the "
            "rest shows the prompt above. Diffusion models only.",
        ),
        _REGIONS,
    ] = ""
    region_image: Annotated[
        str,
        File(PICTURE_SUFFIXES),
        Label("Painted regions", "A picture with an area in the colour of each of these prompts."),
        _REGIONS,
    ] = ""
    bits: Annotated[
        Literal["8", "16"],
        Label("Bits per colour", "16 keeps finer shades for editing; diffusion models only."),
        _FILE,
    ] = "8"
    seed: Annotated[Seed, Label("Seed", "The same seed and settings give the same pictures.")] = (
        Seed.random()
    )

    def check(self) -> None:
        """Check that LoRAs and their strengths go together."""
        if len(self.loras) > MOST_LORAS:
            raise BadInput(
                f"There are {len(self.loras)} LoRAs; the limit is {MOST_LORAS}.", "Remove some."
            )
        if len(self.lora_strengths) > len(self.loras):
            raise BadInput(
                f"There are {len(self.lora_strengths)} strengths for {len(self.loras)} LoRAs.",
                "Give one for each LoRA.",
            )
        for strength in self.lora_strengths:
            if not abs(strength) <= STRONGEST_LORA:
                raise BadInput(
                    f"The strength of a LoRA must be between -4 and 4; you entered {strength}.",
                    "Most are made for 1.",
                )

    def lora_pairs(self) -> list[tuple[WeightsId, float]]:
        """Return each LoRA with its strength."""
        missing = [1.0] * (len(self.loras) - len(self.lora_strengths))
        return list(zip(self.loras, [*self.lora_strengths, *missing], strict=True))
