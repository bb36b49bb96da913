"""Parameters of a film."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import BadInput, Label, Params, Range, Seed, Text, WeightsId
from studio_image.schema.axes import lines_of
from studio_image.schema.drawing_fields import (
    HEIGHT,
    SIZE,
    WIDTH,
    Enlarged,
    Guidance,
    Look,
    Model,
    Sampler,
    Steps,
)

MOST_FRAMES = 600
"""A minute of ten pictures a second."""
MOST_PIXELS = 100_000_000
"""Of all frames together: so much is held while the file is written."""


class Film(Params, frozen=True):
    """Parameters of a film: its key pictures in order, and the pace of the transitions."""

    prompts: Annotated[
        str,
        Text(lines=4, placeholder="One prompt per line", max_chars=20_000),
        Label("Prompts", "One per line: the film goes from each to the next."),
    ]
    seeds: Annotated[
        list[int],
        Label("Seeds", "One for each prompt, or several for one prompt; empty: one seed for all."),
    ] = []
    frames: Annotated[
        int,
        Range(2, 240),
        Label("Frames", "How many pictures it takes from one prompt to the next."),
    ] = 16
    fps: Annotated[int, Range(1, 50), Label("Frames per second", "How fast it is shown.")] = 12
    loop: Annotated[
        bool, Label("Endless", "Go back to the first prompt at the end, and repeat.")
    ] = True
    format: Annotated[
        Literal["webp", "gif", "webm", "mp4"],
        Label(
            "Format",
            "WebP keeps all colours; GIF is understood everywhere. WebM and MP4 are videos (VP9) "
            "and need OpenCV.",
            {"webp": "WebP", "gif": "GIF", "webm": "WebM", "mp4": "MP4"},
        ),
    ] = "webp"
    style: Look = "3d"
    weights: Model = WeightsId()
    width: Annotated[int, Range(0, 1024, 8, "px", "Auto"), WIDTH, SIZE] = 0
    height: Annotated[int, Range(0, 1024, 8, "px", "Auto"), HEIGHT, SIZE] = 0
    enlarge: Enlarged = True
    steps: Steps = 0
    guidance: Guidance = 0.0
    scheduler: Sampler = "default"
    seed: Annotated[Seed, Label("Seed", "The same seed and settings give the same film.")] = (
        Seed.random()
    )

    def check(self) -> None:
        """Reject an invalid film before anything is drawn."""
        prompts, keys = lines_of(self.prompts), self.keys(0)
        if not prompts:
            raise BadInput("There is no prompt.", "Enter a prompt; or several, one per line.")
        if len(prompts) > 1 and self.seeds and len(self.seeds) not in (1, len(prompts)):
            raise BadInput(
                f"There are {len(prompts)} prompts, but {len(self.seeds)} seeds.",
                "Give one seed for each prompt, one for all, or none.",
            )
        if any(not 0 <= seed <= Seed.MAXIMUM for seed in self.seeds):
            raise BadInput("A seed is less than 0 or too large.", "Use numbers from 0 on.")
        if len(keys) < 2:
            raise BadInput(
                "A film needs two prompts, or two seeds of one.",
                "Write another prompt on a line of its own, or give two seeds.",
            )
        if self.count(len(keys)) > MOST_FRAMES:
            raise BadInput(
                f"This film would have {self.count(len(keys)):,} frames, but the limit is "
                f"{MOST_FRAMES}.",
                "Use fewer frames from one prompt to the next, or fewer prompts.",
            )

        pixels = (self.width or self.height) * (self.height or self.width)
        if self.count(len(keys)) * pixels > MOST_PIXELS:
            raise BadInput(
                f"{self.count(len(keys))} frames of this size are more than a film may have.",
                f"Use at most {MOST_PIXELS // pixels} frames, or make them smaller.",
            )

    def keys(self, seed: int) -> list[tuple[str, int]]:
        """Return prompt and seed of each picture that is reached; ``seed`` for those without."""
        prompts, seeds = lines_of(self.prompts), self.seeds or [seed]
        most = max(len(prompts), len(seeds))
        prompts += prompts[-1:] * (most - len(prompts))
        return list(zip(prompts, [*seeds, *seeds[-1:] * (most - len(seeds))]))

    def count(self, keys: int) -> int:
        """Return how many frames there are between so many keys."""
        return keys * self.frames if self.loop else (keys - 1) * self.frames + 1

    def places(self, keys: int) -> list[tuple[int, int, float]]:
        """Return the key before each frame, the one after it, and how far it is between them."""
        steps = [
            (frame // self.frames, frame % self.frames / self.frames)
            for frame in range(self.count(keys))
        ]
        return [(key % keys, (key + 1) % keys, share) for key, share in steps]
