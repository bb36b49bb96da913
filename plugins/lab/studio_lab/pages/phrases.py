"""The words of the page, and of charts that a worker wrote in English. Draws nothing."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QCoreApplication

from studio.api.plot import Axis, Plot


def tr(text: str) -> str:
    """Return ``text`` in the language of the window."""
    return QCoreApplication.translate("lab", text)


def plot_name(title: str) -> str:
    """Return a chart as it is called in the language of the window."""
    return _names().get(title, title)


def in_words(plot: Plot) -> Plot:
    """Return a chart of a worker of the lab whose words are in the language of the window."""
    names = _names()

    def axis(given: Axis) -> Axis:
        return msgspec.structs.replace(given, label=names.get(given.label, given.label))

    series = [
        msgspec.structs.replace(each, name=names.get(each.name, each.name)) for each in plot.series
    ]
    title = names.get(plot.title, plot.title)
    return msgspec.structs.replace(plot, title=title, series=series, x=axis(plot.x), y=axis(plot.y))


def _names() -> dict[str, str]:
    return {
        "Loss": tr("Loss"),
        "Gradient norm": tr("Gradient norm"),
        "Learning rate": tr("Learning rate"),
        "Examples per second": tr("Examples per second"),
        "Mode coverage": tr("Mode coverage"),
        "Step": tr("Step"),
        "training": tr("training"),
        "validation": tr("validation"),
        "discriminator": tr("discriminator"),
        "generator": tr("generator"),
        "network": tr("network"),
        "prior": tr("prior"),
    }


def about_plot(title: str) -> str:
    """Return what a chart tells, in two sentences; empty for one without."""
    return {
        "Loss": tr(
            "How wrong the model is on what it sees; training makes it fall. When the loss on "
            "held-out data rises again, the model has begun to memorise."
        ),
        "Gradient norm": tr(
            "How far each step would move the weights if nothing held it back. Peaks mean that "
            "the learning rate is high for these data."
        ),
        "Learning rate": tr(
            "How large the steps are. It rises first, so that nothing breaks, and then falls, so "
            "that the model settles."
        ),
        "Examples per second": tr(
            "How fast the model sees the data. A larger model sees fewer examples in the same time."
        ),
        "Mode coverage": tr(
            "The share of the classes that the model makes, each sample counted for the class of "
            "the real example nearest to it. Where it falls, the generator has begun to make the "
            "same few again and again: its modes collapse."
        ),
    }.get(title, "")


def about_losses(names: tuple[str, ...]) -> str:
    """Return what two losses in one chart tell of each other; empty for those of other networks."""
    if names == ("discriminator", "generator"):
        return tr(
            "The discriminator’s loss rises while the generator fools it, and falls while it sees "
            "through it. Neither has to fall for the pictures to get better: the two keep each "
            "other in balance."
        )
    return ""
