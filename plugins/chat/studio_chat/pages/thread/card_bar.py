"""The bar under a turn: versions, copy, edit, answer again, continue.

Made when it is first wanted.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from studio.api import Role, Ui
from studio_chat.pages.thread.turns import Deeds, Turn

BAR_HEIGHT = 34


class CardBar(QWidget):
    """Small buttons for one turn."""

    def __init__(
        self,
        ui: Ui,
        turn: Turn,
        deeds: Deeds,
        edit: Callable[[], None],
        send: Callable[[Turn, QWidget], None],
        act: Callable[[Turn, QWidget], None],
    ) -> None:
        """Make the bar of ``turn``.

        Args:
            edit: Puts an editor over its text.
            send: Makes it a result, and asks at a widget where that goes.
            act: Asks at a widget what to do with its text.
        """
        super().__init__()
        self._ui, self._turn = ui, turn
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 2, 0, 6)
        self._row.setSpacing(2)
        self._older = self._button(
            "chevron-left", self.tr("Previous version"), lambda: deeds.switch(self._turn, -1)
        )
        self._place = ui.label("", Role.SMALL)
        self._place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._newer = self._button(
            "chevron-right", self.tr("Next version"), lambda: deeds.switch(self._turn, 1)
        )
        self._deeds = [
            self._button("copy", self.tr("Copy"), lambda: ui.copy(self._turn.content)),
            self._button(
                "volume-2",
                self.tr("Read aloud, or stop reading"),
                lambda: deeds.read_aloud(self._turn),
            ),
            self._button(
                "arrow-right", self.tr("Send to another page"), lambda: send(self._turn, self)
            ),
            self._button(
                "wand-sparkles",
                self.tr("Summarise, rewrite, translate…"),
                lambda: act(self._turn, self),
            ),
            self._button("pencil", self.tr("Edit"), edit),
        ]
        self._star: QToolButton | None = None
        if not turn.mine:
            self._star = self._button("star", "", lambda: deeds.star(self._turn))
            self._deeds.append(self._star)
            self._deeds.append(
                self._button(
                    "refresh-cw",
                    self.tr("Regenerate (Ctrl+R for the last answer)"),
                    lambda: deeds.regenerate(self._turn),
                )
            )
        self._go_on = self._button(
            "corner-down-right", self.tr("Continue this answer"), lambda: deeds.go_on(self._turn)
        )
        self._trash = self._button(
            "trash-2", self.tr("Delete from here"), lambda: deeds.delete(self._turn)
        )
        self._arrange(mine=turn.mine)
        self._deeds.append(self._trash)
        self._changes = [*(d for d in self._deeds[3:] if d is not self._star), self._go_on]
        self._last = self._writing = self._quiet = False
        self.set_turn(turn)

    def _arrange(self, *, mine: bool) -> None:
        """Put the arrows at the edge that stays and the bin at the other end: what appears under
        the mouse moves no arrow and never takes the place of one.
        """
        versions = [self._older, self._place, self._newer]
        deeds = [*self._deeds, self._go_on]
        for part in [self._trash, *deeds, *versions] if mine else [*versions, *deeds, self._trash]:
            self._row.addWidget(part)

    def set_turn(self, turn: Turn) -> None:
        """Show which version this is."""
        self._turn = turn
        self._show_star()
        count = len(turn.versions)
        widest = self._place.fontMetrics().horizontalAdvance(f"{count}/{count}")
        self._place.setMinimumWidth(widest + 2)
        self._older.setEnabled(turn.place > 0)
        self._newer.setEnabled(turn.place < len(turn.versions) - 1)
        self._place.setText(f"{turn.place + 1}/{len(turn.versions)}")
        self._place.setAccessibleName(
            self.tr("Version {place} of {count}").format(
                place=turn.place + 1, count=len(turn.versions)
            )
        )
        self._show()

    def _show_star(self) -> None:
        if self._star is None:
            return
        starred = self._turn.starred
        self._star.setIcon(self._ui.icon("star", "warn" if starred else "text"))
        tip = self.tr("Remove the star") if starred else self.tr("Star: better than other versions")
        self._star.setToolTip(tip)
        self._star.setAccessibleName(tip)

    def set_last(self, last: bool) -> None:
        """Only the last reply can be continued."""
        self._last = last
        self._show()

    def set_writing(self, writing: bool) -> None:
        """While it is being written, there is nothing to do with it."""
        self._writing = writing
        self._show()

    def set_busy(self, busy: bool) -> None:
        """While any reply is being written, a turn can only be copied."""
        for button in self._changes:
            button.setEnabled(not busy)

    def set_quiet(self, quiet: bool) -> None:
        """Show no more than the versions."""
        self._quiet = quiet
        self._show()

    def has_focus(self) -> bool:
        """Whether the keyboard is in the bar."""
        focus = self.focusWidget()
        return focus is not None and focus.hasFocus()

    def _show(self) -> None:
        many = len(self._turn.versions) > 1
        for part in (self._older, self._place, self._newer):
            part.setVisible(many)
        for button in self._deeds:
            button.setVisible(not self._quiet and not self._writing)
        mine = self._turn.mine
        self._go_on.setVisible(not (mine or self._quiet or self._writing) and self._last)

    def _button(self, icon: str, tip: str, run: Callable[[], None]) -> QToolButton:
        button: QToolButton = self._ui.icon_button(icon, tip)
        button.setIconSize(QSize(14, 14))
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: run())
        return button
