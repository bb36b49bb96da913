"""Bar of actions below the table while several molecules are selected."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_molecules.pages.table.collection import Collection

_FEWEST = 2
COMPARED_MOST = 4


class SelectionBar(QFrame):
    """ "42 selected", and buttons.

    Attributes:
        words: How many are selected.

    Signals:
        pressed: A button was pressed; carries which.
    """

    pressed = Signal(str)

    def __init__(self, ctx: PluginContext, collection: Collection) -> None:
        super().__init__()
        self._collection = collection
        self.words = ctx.ui.label("", Role.STRONG)
        self.buttons: dict[str, QWidget] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 2)
        row.setSpacing(4)
        row.addWidget(self.words)
        row.addStretch(1)
        for id, icon, words, tip in (
            ("export", "download", tr("Export"), tr("Export the selected molecules")),
            ("predict", "gauge", tr("Predict"), tr("Predict properties of the selected molecules")),
            ("dock", "puzzle", tr("Dock"), tr("Dock the selected molecules into a protein")),
            ("compare", "columns-2", tr("Compare"), tr("Show two to four molecules side by side")),
            ("keep", "funnel", tr("Keep"), tr("Show only the selected molecules")),
            ("invert", "refresh-cw", tr("Invert"), tr("Select the others in view instead")),
            ("clear", "x", tr("Clear"), tr("Select nothing")),
        ):
            button = ctx.ui.button(words, icon, dense=True, tip=tip)
            button.clicked.connect(lambda _on=False, id=id: self._press(id))
            self.buttons[id] = button
            row.addWidget(button)
        collection.chose.connect(self._show)
        collection.arranged.connect(self._show)
        self._show()

    def _show(self) -> None:
        count = len(self._collection.chosen.intersection(self._collection.shown))
        self.words.setText(tr("{count} selected").format(count=f"{count:,}"))
        self.buttons["compare"].setVisible(_FEWEST <= count <= COMPARED_MOST)
        self.setVisible(count >= _FEWEST)

    def _press(self, id: str) -> None:
        collection = self._collection
        if id == "invert":
            collection.choose(collection.current, set(collection.shown) - collection.chosen)
        elif id == "clear":
            collection.choose(collection.current, ())
        else:
            self.pressed.emit(id)
