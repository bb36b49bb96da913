"""What shows an artifact: a plugin's viewer, or its picture, its text, or its first bytes."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from studio.api.artifacts import Kind, SavedArtifact
from studio.api.window.language import tr
from studio.desktop import phrases
from studio.desktop.pages.page_services import PageServices
from studio.desktop.viewers.film import film_viewer
from studio.desktop.viewers.plot import PlotViewer
from studio.library import Artifact
from studio.library.saved_artifact import saved_artifact
from studio.protocol.errors import StudioError
from studio.protocol.regular_file import open_regular

Give = Callable[[Any], None]
"""Takes a picture; anything else is none."""
Draw = Callable[[Artifact, Give], None]
ROOM = 312
"""Pixels that a picture has for its width."""
_CHARS = 20_000
_ROWS, _ROW = 24, 8
"""How many rows of bytes are shown of a file that is no text, and how many bytes in each."""


def head(path: Path) -> bytes:
    """Return the start of a payload; empty where it cannot be read. Takes as long as the disk."""
    try:
        with open_regular(path) as file:
            return file.read(_CHARS * 4)
    except OSError:
        return b""


def of_plugins(parts: PageServices, artifact: Artifact, maker: str = "") -> QWidget | None:
    """Return a plugin's viewer of ``artifact``, its ``maker`` first; None if none supports it."""
    host = parts.studio.plugins
    contexts = {plugin.id: parts.context_of(plugin.id) for plugin in host.usable()}
    # A plugin that fails is recorded by the host, which tells the user; another may show it.
    answers = host.call_each("studio_viewers", lambda id: {"ctx": contexts[id]}, first=maker)
    for plugin, viewers in answers:
        saved = contexts[plugin].library.artifact(artifact.id)
        with suppress(StudioError):
            widget = host.guard(plugin, "viewer", partial(_view, viewers, saved))
            if isinstance(widget, QWidget):
                return widget
    return None


def drawers(parts: PageServices) -> dict[str, Draw]:
    """Return kind → what draws the card of an artifact that came without a picture."""
    host = parts.studio.plugins
    contexts = {plugin.id: parts.context_of(plugin.id) for plugin in host.usable()}
    drawers: dict[str, Draw] = {}
    answers = host.call_each("studio_thumbnails", lambda id: {"ctx": contexts[id]})
    for plugin, drawn in answers:
        for kind, draw in drawn.items():
            drawers.setdefault(kind, partial(_draw, parts, plugin, draw))
    return drawers


def _draw(parts: PageServices, plugin: str, draw: Any, artifact: Artifact, give: Give) -> None:
    saved = saved_artifact(parts.studio.library, artifact)
    try:
        parts.studio.plugins.guard(plugin, "thumbnail", lambda: draw(saved, give))
    except StudioError:  # it was recorded; the card has words
        give(None)


def show(parts: PageServices, artifact: Artifact, start: bytes, maker: str = "") -> QWidget:
    """Return what shows ``artifact``, whose payload begins with ``start``: of a plugin if one does,
    its ``maker`` first; else the studio's own."""
    shown = of_plugins(parts, artifact, maker)
    if shown is not None:
        return shown
    library, look = parts.studio.library, parts.ui.look
    if artifact.kind == Kind.PLOT:
        path = library.payload_path(artifact)
        return PlotViewer(look, parts.background, path, artifact.title)
    if artifact.kind == Kind.VIDEO:
        path, still = library.payload_path(artifact), library.preview_path(artifact)
        return film_viewer(look, path, ROOM, still)
    return plain(parts, artifact, start, maker)


def show_later(parts: PageServices, saved: SavedArtifact, then: Callable[[QWidget], None]) -> None:
    """Call ``then`` with what shows an artifact of the library, once its start is read."""
    library = parts.studio.library

    def read() -> tuple[Artifact, bytes, str]:
        artifact = library.artifact(saved.id)
        maker = library.record(artifact.record).plugin if artifact.record else ""
        return artifact, head(library.payload_path(artifact)), maker

    def tell(error: Exception) -> None:
        parts.studio.notices.error(error, key="viewer")

    parts.background.run(read, lambda loaded: then(show(parts, *loaded)), tell)


def plain(parts: PageServices, artifact: Artifact, start: bytes, maker: str = "") -> QWidget:
    """Return the built-in viewer of ``artifact``, whose payload begins with ``start``.

    For unknown kinds: file type, author, and the text or first bytes.
    """
    look, kind = parts.ui.look, artifact.kind
    if kind == Kind.IMAGE:
        pixmap = QPixmap(str(parts.studio.library.payload_path(artifact)))
        if not pixmap.isNull():
            return _picture(artifact, pixmap)
    if kind in set(Kind):
        text = _as_text(start) if kind in (Kind.TEXT, Kind.CODE, Kind.TABLE) else ""
        nothing = tr("This type cannot be previewed. Export it to open it in another app.")
        return _words(artifact, text or artifact.text or nothing)
    shown = QWidget()
    column = QVBoxLayout(shown)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    title = look.kinds.title(kind)
    facts = " · ".join((title, artifact.suffix, phrases.size(artifact.bytes)))
    column.addWidget(look.label(facts, "small", wrap=True))
    if line := _maker(parts, maker):
        column.addWidget(look.label(line, "small", wrap=True))
    text = artifact.text or (_as_text(start) if _is_text(start) else "")
    content = _words(artifact, text or _as_bytes(start))
    if not text:
        content.setFont(look.fonts.mono(10.5))
        content.setWordWrap(False)
    column.addWidget(content)
    return shown


def _view(viewers: Mapping[str, Callable[[SavedArtifact], Any]], artifact: SavedArtifact) -> Any:
    """Return the viewer of a plugin for ``artifact``; None if its kind is unsupported."""
    make = viewers.get(artifact.kind)
    return make(artifact) if make else None


def _maker(parts: PageServices, maker: str) -> str:
    """Return which plugin made it, and why that one does not show it."""
    if not maker:
        return ""
    plugin = next(
        (candidate for candidate in parts.studio.plugins.plugins if candidate.id == maker), None
    )
    if plugin is None:
        return tr(
            "Made by the plugin “{plugin}”, which is not installed. Export saves the file as it is."
        ).format(plugin=maker)
    if not plugin.is_usable:
        return tr("Made by {plugin}, which is not active now. See the Plugins page.").format(
            plugin=plugin.title
        )
    return tr("Made by {plugin}, which has no view of it.").format(plugin=plugin.title)


def _picture(artifact: Artifact, pixmap: QPixmap) -> QLabel:
    label = QLabel()
    label.setAccessibleName(artifact.title or artifact.kind)
    aspect, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    label.setPixmap(pixmap.scaled(ROOM, ROOM, aspect, smooth))
    return label


def _words(artifact: Artifact, text: str) -> QLabel:
    label = QLabel(text)
    label.setAccessibleName(artifact.title or artifact.kind)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def _is_text(start: bytes) -> bool:
    """Whether it reads as text; its last character may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return b"\0" not in start


def _as_text(start: bytes) -> str:
    return start.decode("utf-8", errors="replace")[:_CHARS]


def _as_bytes(start: bytes) -> str:
    """Return the first bytes in hexadecimal, and as characters where they are any."""
    rows = []
    for at in range(0, min(len(start), _ROWS * _ROW), _ROW):
        row = start[at : at + _ROW]
        signs = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{at:04x}  {row.hex(' '):<{3 * _ROW}} {signs}")
    return "\n".join(rows) + ("\n…" if len(start) > _ROWS * _ROW else "")
