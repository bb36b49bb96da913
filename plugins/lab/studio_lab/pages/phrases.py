"""The words of the page. Makes sentences, draws nothing."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def tr(text: str) -> str:
    """Return ``text`` in the language of the window."""
    return QCoreApplication.translate("lab", text)


def plot_name(title: str) -> str:
    """Return a chart of a training as it is called in the language of the window."""
    return {
        "Loss": tr("Loss"),
        "Gradient norm": tr("Gradient norm"),
        "Learning rate": tr("Learning rate"),
        "Examples per second": tr("Examples per second"),
        "Mode coverage": tr("Mode coverage"),
    }.get(title, title)


def about_plot(title: str) -> str:
    """Return what a chart of a training tells, in two sentences; empty for one without."""
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
    }.get(title, "")
