"""Parameters of a restyling."""

from __future__ import annotations

from typing import Annotated

from studio.api import Capability, File, Label, Params, Range, Seed, WeightsId
from studio_image.schema.pictures import PICTURE_SUFFIXES


class Restyle(Params, frozen=True):
    """Which picture to give the style of which others."""

    image: Annotated[str, File(PICTURE_SUFFIXES), Label("Picture", "The picture to restyle.")] = ""
    styles: Annotated[
        list[str],
        Label(
            "Styles",
            "Picture files, or the included styles waves, mosaic, ink, watercolour, glass "
            "(stained glass) and points; several are mixed.",
        ),
    ] = []
    mix: Annotated[
        list[float],
        Label("Models", "The share of each style, in the same order; empty: equal shares."),
    ] = []
    strength: Annotated[
        float,
        Range(0.05, 4, 0.05),
        Label(
            "Strength", "How strong the style is: 0.5 is subtle, 2 is stronger than the picture."
        ),
    ] = 1.0
    keep_colours: Annotated[
        bool, Label("Keep colours", "Take only brush strokes from the style, not its colours.")
    ] = False
    keep_faces: Annotated[
        bool,
        Label(
            "Leave faces unchanged",
            "Faces that look at the camera keep their pixels. They are found with the package "
            "OpenCV; without it they are restyled, too.",
        ),
    ] = True
    weights: Annotated[
        WeightsId, Capability("features"), Label("Model", "The model that extracts styles.")
    ] = WeightsId()
    size: Annotated[
        int,
        Range(64, 4096, 32, "px"),
        Label(
            "Size",
            "The longer side of the result; twice the size takes four times as long. "
            "Above 1,024 the rest is drawn tile by tile.",
        ),
    ] = 256
    steps: Annotated[
        int, Range(10, 1000, 10), Label("Steps", "More steps take longer and add more style.")
    ] = 120
    seconds: Annotated[
        float,
        Range(0, 3600, 5, "s", "No limit"),
        Label("Time limit", "Stop after this time and keep the picture so far; 0 means no limit."),
    ] = 0.0
    seed: Annotated[Seed, Label("Seed", "The same seed and settings give the same picture.")] = (
        Seed.random()
    )
