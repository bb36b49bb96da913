"""The help: pages of the guide in a panel over the page, with contents, search, back and forward.

Reads the files of the guide and nothing else; an address of the web is shown, never fetched.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import PurePosixPath

from PySide6.QtCore import QEvent, QObject, Qt, QUrl
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

from studio import guide
from studio.desktop.appearance.appearance import Appearance, line
from studio.guide import Guide
from studio.protocol.regular_file import read_regular

_WIDTH, _NARROWEST, _MARGIN = 560, 360, 20
_HITS = 40
CONTENTS = ""
"""Address of the list of pages."""
_SEARCH = "?"
"""Begins the address of a list of hits; the words follow."""


class HelpViewer(QFrame):
    """The panel. It opens at an address of the guide: ``TOPIC``, or ``TOPIC#ANCHOR``.

    Args:
        room: Returns how far from the right and the bottom edge of the window it stays.
    """

    def __init__(
        self,
        look: Appearance,
        window: QWidget,
        pages: Guide,
        open_link: Callable[[str], None],
        room: Callable[[], tuple[int, int]],
    ) -> None:
        super().__init__(window)
        self._look, self._window, self._guide, self._room = look, window, pages, room
        self._open_link = open_link
        self._addresses: list[str] = []
        self._place = -1
        self._before: QWidget | None = None
        self.setObjectName("help")
        self.setProperty("surface", "sheet")
        self.setAccessibleName(self.tr("Help"))
        self._contents = look.icon_button("list-tree", self.tr("Contents"))
        self._contents.clicked.connect(lambda: self.show_address(CONTENTS))
        self._back = look.icon_button("arrow-left", self.tr("Back  Alt+Left"))
        self._back.clicked.connect(lambda: self._walk(-1))
        self._forward = look.icon_button("arrow-right", self.tr("Forward  Alt+Right"))
        self._forward.clicked.connect(lambda: self._walk(1))
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search the help"))
        self.search.setAccessibleName(self.tr("Search the help"))
        self.search.setClearButtonEnabled(True)
        self.search.returnPressed.connect(self._on_search)
        self._close = look.icon_button("x", self.tr("Close  Esc"))
        self._close.clicked.connect(self.dismiss)
        self.text = _GuideText(self)
        self.text.anchorClicked.connect(self._on_link)
        self._lay_out()
        self.hide()
        window.installEventFilter(self)
        look.theme.changed.connect(self._draw)

    @property
    def address(self) -> str:
        """Address of what is in view."""
        return self._addresses[self._place] if self._addresses else CONTENTS

    def open(self, address: str = CONTENTS) -> None:
        """Show an address, and take the keyboard."""
        if not self.isVisible():
            self._before = self._window.window().focusWidget()
        self._fit()
        self.show()
        self.raise_()
        self.show_address(address)
        self.text.setFocus(Qt.FocusReason.PopupFocusReason)

    def dismiss(self) -> None:
        """Close, and give the keyboard back."""
        self.hide()
        before, self._before = self._before, None
        if before is not None and _lives(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.PopupFocusReason)

    def show_address(self, address: str) -> None:
        """Go to a page, a list of hits or the contents, and remember the way."""
        if not self._addresses or address != self.address:
            self._addresses[self._place + 1 :] = [address]
            self._place += 1
        self._draw()

    def picture(self, name: str) -> QImage | None:
        """Return a picture of the guide in the theme in force; None for any other file."""
        path = PurePosixPath(name)
        if path.parts[:-1] != ("pictures",) or path.suffix != ".png":
            return None
        stem = path.stem.replace("-light", "-dark") if self._look.theme.tokens.dark else path.stem
        try:
            data = read_regular(self._guide.folder / "pictures" / f"{stem}.png")
        except OSError:
            return None
        image = QImage.fromData(data)
        width = self.text.viewport().width() - 2 * _MARGIN
        smooth = Qt.TransformationMode.SmoothTransformation
        return image.scaledToWidth(width, smooth) if 0 < width < image.width() else image

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._fit()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif alt and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._walk(-1 if event.key() == Qt.Key.Key_Left else 1)
        else:
            super().keyPressEvent(event)

    # --- inside -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 10, 10)
        head.setSpacing(4)
        for button in (self._contents, self._back, self._forward):
            head.addWidget(button)
        head.addSpacing(4)
        head.addWidget(self.search, 1)
        head.addWidget(self._close)
        column.addLayout(head)
        column.addWidget(line())
        column.addWidget(self.text, 1)

    def _fit(self) -> None:
        right, bottom = self._room()
        width = max(_NARROWEST, min(_WIDTH, (self._window.width() - right) * 3 // 5))
        height = self._window.height() - bottom
        self.setGeometry(self._window.width() - right - width, 0, width, height)

    def _walk(self, by: int) -> None:
        if 0 <= self._place + by < len(self._addresses):
            self._place += by
            self._draw()

    def _on_search(self) -> None:
        words = self.search.text().strip()
        self.show_address(f"{_SEARCH}{words}" if words else CONTENTS)

    def _on_link(self, url: QUrl) -> None:
        if url.scheme():
            self._open_link(url.toString())
            return
        page, _, anchor = url.toString().partition("#")
        topic = page.removesuffix(".md") or self.address.partition("#")[0]
        self.show_address(f"{topic}#{anchor}" if anchor else topic)

    def _draw(self) -> None:
        """Write what the address names, in the colours of the theme."""
        if not self._addresses:
            return
        topic, _, anchor = self.address.partition("#")
        if topic.startswith(_SEARCH):
            body = self._hits(topic.removeprefix(_SEARCH))
        elif topic == CONTENTS:
            body = self._list_of_pages()
        else:
            body = guide.html(self._guide.text(topic))
        self.text.show_html(body, self._look)
        if anchor:
            self.text.scrollToAnchor(anchor)
        self._back.setEnabled(self._place > 0)
        self._forward.setEnabled(self._place < len(self._addresses) - 1)

    def _list_of_pages(self) -> str:
        parts, group = [f"<h1>{html.escape(self.tr('Help'))}</h1>"], ""
        for topic in self._guide.topics:
            if topic.group != group:
                group = topic.group
                parts.append(f"<h3>{html.escape(group)}</h3>")
            parts.append(f'<p><a href="{topic.id}.md">{html.escape(topic.title)}</a></p>')
        return "".join(parts)

    def _hits(self, words: str) -> str:
        hits = self._guide.search(words)
        title = self.tr("{n} sections with “{words}”").format(n=len(hits), words=words)
        parts = [f"<h2>{html.escape(title)}</h2>"]
        for hit in hits[:_HITS]:
            topic, _, anchor = hit.address.partition("#")
            link = f"{topic}.md#{anchor}" if anchor else f"{topic}.md"
            below = "" if hit.level == 1 else f"{self._guide.topic(topic).title} · "
            text = html.escape(below + guide.snippet(hit, words.split()))
            parts.append(f'<p><a href="{link}">{html.escape(hit.title)}</a><br>{text}</p>')
        return "".join(parts)


class _GuideText(QTextBrowser):
    """A page of the guide; its pictures come from the guide's own folder."""

    def __init__(self, viewer: HelpViewer) -> None:
        super().__init__()
        self._viewer = viewer
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(_MARGIN)
        self.setAccessibleName(viewer.tr("Help"))

    def show_html(self, body: str, look: Appearance) -> None:
        """Write a page."""
        color = look.theme.color
        mono = look.fonts.mono().family()
        self.document().setDefaultFont(look.fonts.body(14))
        self.document().setDefaultStyleSheet(
            f"body {{ color: {color('text').name()}; line-height: 140%; }}"
            f"a {{ color: {color('accent').name()}; text-decoration: none; }}"
            f"code, pre {{ font-family: '{mono}'; font-size: 12px;"
            f" background-color: {color('raised').name()}; }}"
            "h1 { font-size: 22px; } h2 { font-size: 17px; margin-top: 22px; }"
            "h3 { font-size: 14px; margin-top: 16px; } li { margin-bottom: 5px; }"
            "td, th { padding: 4px 10px 4px 0; }"
        )
        # Qt takes the height of lines from a picture, too, and leaves room below it.
        body = body.replace("<p><img", '<p style="line-height: 100%"><img')
        self.setHtml(f"<body>{body}</body>")

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Return a picture of the guide; refuse everything else."""
        return self._viewer.picture(name if isinstance(name, str) else name.toString())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape or event.modifiers() == Qt.KeyboardModifier.AltModifier:
            event.ignore()  # the panel's keys
        else:
            super().keyPressEvent(event)


def _lives(widget: QWidget) -> bool:
    from shiboken6 import isValid

    return bool(isValid(widget))
