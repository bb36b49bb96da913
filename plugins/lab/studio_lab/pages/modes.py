"""The modes of the page, with their tasks."""

from __future__ import annotations

from studio.api import Mode
from studio.api.window.language import tr
from studio_lab import schema
from studio_lab.schema.finetune import FineTune
from studio_lab.schema.finetune_pictures import FineTunePictures

TRAIN, DESCRIBE, SAMPLE, INSPECT = "train", "describe", "sample", "inspect"
COMPARE, AUGMENT, SCALE, REPORT = "compare", "augment", "scale", "report"
SIMULATE = "simulate"


def modes() -> tuple[Mode, ...]:
    """Return them in the order of the switch."""
    return (
        Mode(
            TRAIN,
            tr("Train"),
            tr("Train"),
            "activity",
            "lab.train",
            schema.Train,
            hint=tr("Train a small model on your own data and watch it learn."),
        ),
        Mode(
            DESCRIBE,
            tr("Look at data"),
            tr("Look"),
            "table",
            "lab.describe",
            schema.Describe,
            hint=tr(
                "See what data are before a model learns them: how many, of which classes, what is "
                "there twice, and what leaks from the training into the test."
            ),
        ),
        Mode(
            SAMPLE,
            tr("Make samples"),
            tr("Make samples"),
            "sparkles",
            "lab.sample",
            schema.Sample,
            capability="lab",
            hint=tr("Make pictures, texts or rows with a model that was trained here."),
        ),
        Mode(
            INSPECT,
            tr("Look inside"),
            tr("Look inside"),
            "eye",
            "lab.inspect",
            schema.Inspect,
            capability="lab",
            hint=tr(
                "See where a trained transformer looks and what it expects next, walk between the "
                "pictures of an autoencoder or a GAN, and watch noise become a picture."
            ),
        ),
        Mode(
            "finetune",
            tr("Fine-tune"),
            tr("Fine-tune"),
            "message-square-plus",
            "lab.finetune",
            FineTune,
            capability="text",
            hint=tr(
                "Teach a language model prompts and answers of your own. The model itself stays as "
                "it is; an adapter beside it can be chosen in Chat, and removed."
            ),
        ),
        Mode(
            "finetune_pictures",
            tr("Fine-tune on pictures"),
            tr("Fine-tune"),
            "image-plus",
            "lab.finetune_pictures",
            FineTunePictures,
            hint=tr(
                "Teach a picture model your own pictures. The model itself stays as it is: of a "
                "model of the Lab a second one is made, Stable Diffusion gets an adapter beside it."
            ),
        ),
        Mode(
            COMPARE,
            tr("Compare"),
            tr("Compare"),
            "scale",
            "lab.compare",
            schema.Compare,
            capability="lab",
            hint=tr("Set trained models side by side, by the same measures and a plain baseline."),
        ),
        Mode(
            AUGMENT,
            tr("Augment"),
            tr("Augment"),
            "table",
            "lab.augment",
            schema.Augment,
            hint=tr(
                "Make more of a table, a time series, pictures or texts, and find out whether that "
                "helps, harms, or gives real data away."
            ),
        ),
        Mode(
            SIMULATE,
            tr("Phantoms"),
            tr("Draw"),
            "image",
            "lab.simulate",
            schema.Simulate,
            hint=tr(
                "Draw ellipses that stand in for sections of a head: pictures to train on where "
                "real ones may not be used."
            ),
        ),
        Mode(
            SCALE,
            tr("Scaling"),
            tr("Train the grid"),
            "chart-line",
            "lab.scale",
            schema.Scale,
            hint=tr(
                "Train small networks on parts of the data, and find out what more data, a larger "
                "network or longer training would bring."
            ),
        ),
        Mode(
            REPORT,
            tr("Bias report"),
            tr("Write the report"),
            "sigma",
            "lab.report",
            schema.Report,
            capability="text",
            hint=tr(
                "Ask a language model the same about different groups of people, and see where the "
                "words that it expects differ."
            ),
        ),
    )
