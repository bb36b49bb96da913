"""Window half: shows a palette, and writes it as GIMP reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.api import SavedArtifact, hookimpl


@hookimpl
def studio_viewers(ctx: Any) -> Mapping[str, Callable[[SavedArtifact], Any]]:
    return {"palette": swatches}


@hookimpl
def studio_exporters(ctx: Any) -> Mapping[str, Callable[[SavedArtifact, Path], None]]:
    return {"palette:.gpl": as_gimp}


def colors(artifact: SavedArtifact) -> list[tuple[int, int, int]]:
    data = artifact.read()
    return [(data[at], data[at + 1], data[at + 2]) for at in range(0, len(data), 3)]


def swatches(artifact: SavedArtifact) -> Any:
    from PySide6.QtGui import QColor, QPixmap
    from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for color in colors(artifact):
        patch, label = QPixmap(48, 64), QLabel()
        patch.fill(QColor(*color))
        label.setPixmap(patch)
        label.setToolTip(QColor(*color).name())
        label.setAccessibleName(QColor(*color).name())
        layout.addWidget(label)
    layout.addStretch()
    return row


def as_gimp(artifact: SavedArtifact, path: Path) -> None:
    rows = [f"{r:3} {g:3} {b:3}" for r, g, b in colors(artifact)]
    path.write_text("\n".join(["GIMP Palette", f"Name: {artifact.title}", *rows, ""]), "utf-8")
