"""Card of downloadable weights: purpose, Get, progress, Stop. Performs no download itself."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from studio.api.window.language import tr_filled
from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.language import declared
from studio.desktop.widgets.meter import Meter
from studio.models import Download, Weights


class DownloadCard(QFrame):
    """One set.

    Args:
        row: Weights with an offer that are not here.
        facts: What is known of them, as on the other cards.
        get, stop: What the buttons do.
        read: Shows the model card.
    """

    def __init__(
        self,
        look: Appearance,
        row: Weights,
        facts: str,
        get: Callable[[], None],
        stop: Callable[[], None],
        read: Callable[[], None],
    ) -> None:
        super().__init__()
        assert row.offer is not None
        self.setProperty("surface", "card")
        self.setAccessibleName(self.tr("{title}, available").format(title=row.title))
        self._row, self._offer, self._look = row, row.offer, look
        self._state = look.label("", "small")
        self._problem = look.label("", "bad", wrap=True)
        self._meter = Meter(look, self.tr("Progress"))
        self._get = self._button("download", get)
        self._stop = self._button("circle-stop", stop)
        self._lay_out(facts, read)
        self.show_download(None)

    def show_download(self, now: Download | None) -> None:
        """Show how far it is; None while nobody fetches it."""
        live = now is not None and now.is_live
        error = now.error if now else None
        had_keyboard = self.has_keyboard()
        here = now.done if now and live else self._offer.bytes_here
        self._meter.setVisible(live or here > 0)
        self._meter.set_parts([(here / self._row.bytes, "accent" if live else "mute")])
        self._state.setText(self._in_words(now, here))
        self._problem.setText(tr_filled(error) if error else "")
        self._problem.setVisible(error is not None)
        self._say_buttons(here, stopping=bool(now and now.stopping))
        self._get.setVisible(not live)
        self._stop.setVisible(live)
        if had_keyboard:
            self.take_keyboard()

    def has_keyboard(self) -> bool:
        """Whether the keyboard is on one of its two main buttons."""
        return self._get.hasFocus() or self._stop.hasFocus()

    def take_keyboard(self) -> None:
        """Put the keyboard on the button that counts."""
        button = self._stop if self._get.isHidden() else self._get
        button.setFocus(Qt.FocusReason.TabFocusReason)

    # --- inside -------------------------------------------------------------------------------

    def _in_words(self, now: Download | None, here: int) -> str:
        far = self.tr("{here} of {all}").format(
            here=phrases.size(here), all=phrases.size(self._row.bytes)
        )
        if now is None or not now.is_live:
            return self.tr("{far} downloaded").format(far=far) if here else ""
        if now.stopping:
            return self.tr("Stopping…")
        left = phrases.time_left(now.seconds_left)
        return f"{far} · {left}" if left else far

    def _say_buttons(self, here: int, *, stopping: bool) -> None:
        size = phrases.size(self._row.bytes)
        get = self.tr("Resume") if here else self.tr("Download ({size})").format(size=size)
        self._get.setText(get)
        self._get.setAccessibleName(f"{get}: {self._row.title}")
        stop = self.tr("Stop")
        self._stop.setText(stop)
        self._stop.setAccessibleName(f"{stop}: {self._row.title}")
        self._stop.setEnabled(not stopping)

    def _button(self, icon: str, run: Callable[[], None]) -> QPushButton:
        button = self._look.button(" ", icon, small=True)
        button.clicked.connect(lambda: run())
        return button

    def _lay_out(self, facts: str, read: Callable[[], None]) -> None:
        look = self._look
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(look.icon_label("download", "accent", 18))
        head.addWidget(look.label(declared(self._row.title), "heading"))
        for badge in self._row.capabilities:
            head.addWidget(look.label(phrases.capability(badge), "badge"))
        head.addStretch()
        head.addWidget(self._state)
        column.addLayout(head)
        column.addWidget(look.label(declared(self._offer.summary), wrap=True))
        column.addWidget(look.label(facts, "small", wrap=True))
        column.addWidget(self._problem)
        column.addWidget(self._meter)
        column.addLayout(self._foot(read))

    def _foot(self, read: Callable[[], None]) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(8)
        how = self.tr("Downloaded from your Python package index.")
        if self._offer.tool == "npm":
            how = self.tr("Downloaded by npm (Node.js), from the registry it is set to.")
        foot.addWidget(self._look.label(how, "small", wrap=True), 1)
        if self._row.card is not None:
            button = self._look.button(self.tr("Model card"), "file-text", kind="ghost", small=True)
            button.clicked.connect(lambda: read())
            foot.addWidget(button)
        foot.addWidget(self._get)
        foot.addWidget(self._stop)
        return foot
