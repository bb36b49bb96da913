"""Which models see, why one does not, and pictures that were pasted."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage

from studio.api import Kind, NewArtifact, PluginContext, SavedArtifact
from studio.api.window.language import tr

SIGHT = "image-to-text"
"""The capability of weights that read pictures, too."""


def sees(ctx: PluginContext, weights: str) -> bool:
    """Return whether a model reads pictures."""
    return any(weights == id for id, _title in ctx.weights.for_capability(SIGHT))


def why_blind(ctx: PluginContext, weights: str) -> str:
    """Return why pictures cannot be sent to a model, and what would do; empty if it sees."""
    if sees(ctx, weights):
        return ""
    text = tr("{model} reads text only and cannot see pictures.")
    text = text.format(model=ctx.weights.title(weights))
    for _id, title in ctx.weights.for_capability(SIGHT):
        return f"{text} {tr('Choose {model}, or remove the picture.').format(model=title)}"
    return f"{text} {tr('Add a model that sees, such as SmolVLM, or remove the picture.')}"


def kept(ctx: PluginContext, image: QImage) -> SavedArtifact:
    """Save a picture in the library. Takes a moment: not for the window's thread."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub wants bytes
    return ctx.library.add(
        NewArtifact(Kind.IMAGE, bytes(data.data()), ".png", tr("Pasted picture"))
    )
