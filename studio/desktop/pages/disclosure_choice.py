"""The choice of what exported files say of how they were made: one place for all who offer it."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.api.window.language import tr, tr_filled
from studio.base.settings import Settings
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.switch_bar import SwitchBar
from studio.library.provenance import disclosure
from studio.library.provenance.disclosure import Disclosure
from studio.protocol.errors import StudioError


class DisclosureChoice(QWidget):
    """Switch of three disclosure levels, with a text on the selected one; saved at once.

    Attributes:
        bar: The switch.
    """

    def __init__(self, look: Appearance, settings: Settings, width: int) -> None:
        super().__init__()
        self._settings = settings
        self.bar = SwitchBar(
            look,
            tr("Provenance"),
            (
                (Disclosure.FULL.value, "", tr("Full recipe")),
                (Disclosure.LABEL.value, "", tr("Label only")),
                (Disclosure.NOTHING.value, "", tr("Nothing")),
            ),
        )
        self._meaning = look.label("", "small", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.bar)
        column.addWidget(self._meaning)
        self.setFixedWidth(width)
        room, wrap = QRect(0, 0, width, 10_000), Qt.TextFlag.TextWordWrap
        measure = self._meaning.fontMetrics().boundingRect
        tall = max(measure(room, wrap, meaning(level)).height() for level in Disclosure)
        self._meaning.setFixedHeight(tall + 2)  # a menu does not grow while it is open
        self._meaning.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.bar.on_choose(lambda chosen: self._choose(Disclosure(chosen)))
        self.follow()

    def follow(self) -> None:
        """Show what holds now: another place may have changed it."""
        chosen = disclosure.chosen(self._settings)
        self.bar.choose(chosen.value)
        self._meaning.setText(meaning(chosen))

    def _choose(self, chosen: Disclosure) -> None:
        self._meaning.setText(meaning(chosen))
        try:
            disclosure.choose(self._settings, chosen)
        except StudioError as error:  # it holds for this session
            self._meaning.setText(tr_filled(error.message))


def meaning(chosen: Disclosure) -> str:
    """Return the effect of a disclosure level on an exported file."""
    return {
        Disclosure.FULL: tr(
            "A signed record with the prompt, parameters, models and versions. Anyone who gets "
            "the file can read it."
        ),
        Disclosure.LABEL: tr(
            "A signed label: made with AI, by Offline Studio. No prompt, names or parameters."
        ),
        Disclosure.NOTHING: tr(
            "No record and no label. Some countries require a label on published AI content."
        ),
    }[chosen]
