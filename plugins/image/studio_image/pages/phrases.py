"""The words that several parts of the page share. Makes sentences, draws nothing."""

from __future__ import annotations

from studio.api.window.language import tr


def style_titles() -> dict[str, str]:
    """Return the titles of the starter weights' styles."""
    return {
        "3d": tr("3-D"),
        "flat": tr("Flat"),
        "colour": tr("Colour"),
        "noto": tr("Rounded"),
        "noto-v1": tr("Rounded (classic)"),
        "fx": tr("Sharp"),
    }


def gallery_titles() -> dict[str, str]:
    """Return the titles of Restyle's style pictures."""
    return {
        "waves": tr("Waves"),
        "mosaic": tr("Mosaic"),
        "ink": tr("Ink hatching"),
        "watercolour": tr("Watercolour"),
        "glass": tr("Stained glass"),
        "points": tr("Pointillism"),
    }


def style_words() -> tuple[tuple[str, str], ...]:
    """Return (title, words for the prompt) that any weights trained on captions understand."""
    return (
        (tr("Photo"), "photograph, natural light"),
        (tr("Oil painting"), "oil painting, visible brush strokes"),
        (tr("Watercolour"), "watercolour on paper"),
        (tr("Pencil"), "pencil drawing"),
        (tr("Ink"), "ink drawing, black and white"),
        (tr("Pixel art"), "pixel art"),
    )


def about(seconds: float) -> str:
    """Return how long something will take, as exactly as that can be known."""
    if seconds < 10:
        return tr("a few seconds")
    if seconds < 90:
        return tr("about {count} s").format(count=round(seconds / 5) * 5)
    return tr("about {count} min").format(count=round(seconds / 60))
