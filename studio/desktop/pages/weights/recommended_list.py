"""Recommended hub models by task and memory, one row each, filtered. Downloads on click only."""

from __future__ import annotations

from collections.abc import Callable, Collection

from PySide6.QtCore import QDate, QLocale
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.language import declared
from studio.desktop.pages.page_frame import card
from studio.desktop.widgets.elided import ElidedLabel
from studio.desktop.widgets.flow_layout import flow_row
from studio.desktop.widgets.meter import Meter
from studio.desktop.widgets.switch_bar import SwitchBar
from studio.models import Download
from studio.models.download.recommended import Recommended, Shelf, best_first

ALL = "all"


class RecommendedList(QWidget):
    """A switch, a search field and the rows.

    Args:
        memory: Bytes that a model may take here.
        get, stop: What the buttons of a row do.

    Attributes:
        search: The field that filters.
        rows: Address → its row.
    """

    def __init__(
        self,
        look: Appearance,
        shelf: Shelf,
        memory: int,
        get: Callable[[Recommended], None],
        stop: Callable[[Recommended], None],
    ) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        self._task = ALL
        tasks = (
            (ALL, "", self.tr("All")),
            ("chat", "", self.tr("Chat")),
            ("code", "", self.tr("Code")),
            ("pictures", "", self.tr("Pictures")),
            ("additions", "", self.tr("LoRAs")),
            ("search", "", self.tr("Search by meaning")),
        )
        self.tasks = SwitchBar(look, self.tr("Task"), tasks)
        self.tasks.buttons[ALL].setChecked(True)
        self.tasks.chosen.connect(self._choose)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search the models to download"))
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(180)
        self.search.textChanged.connect(lambda _: self._filter())
        layout.addWidget(flow_row([self.tasks, self.search]))
        frame, column = card()
        column.setSpacing(12)
        # What runs well comes first: who looks for a model wants one that runs.
        self.rows = {
            model.repository: RecommendedRow(look, model, memory, get, stop)
            for model in best_first(shelf.model, memory)
        }
        for row in self.rows.values():
            column.addWidget(row)
        self._nothing = look.label(self.tr("No model has these words."), "mute")
        self._nothing.hide()
        column.addWidget(self._nothing)
        layout.addWidget(frame)
        words = self.tr(
            "Names, sizes and licences were checked in {month}. Downloads can be resumed, and are "
            "verified."
        )
        day = QDate(shelf.checked.year, shelf.checked.month, shelf.checked.day)
        month = QLocale().toString(day, "MMMM yyyy")
        layout.addWidget(look.label(words.format(month=month), "small", wrap=True))

    def mark_installed(self, names: Collection[str], free: int) -> None:
        """Say which are here and which the disk has no room for.

        Args:
            names: Those of the files and folders that are here.
            free: Bytes free on the disk.
        """
        installed = {name.casefold() for name in names}
        for row in self.rows.values():
            row.set_installed(row.model.here.casefold() in installed, free)

    def _choose(self, task: str) -> None:
        self._task = task
        self._filter()

    def _filter(self) -> None:
        count = 0
        for row in self.rows.values():
            fits = self._task in (ALL, row.model.task) and row.model.matches(self.search.text())
            row.setVisible(fits)
            count += fits
        self._nothing.setVisible(not count)


class RecommendedRow(QWidget):
    """One model: name, purpose, memory fit, and Download.

    Attributes:
        model: The recommended model.
        order: Id of its download, once the hub has listed the files.
    """

    def __init__(
        self,
        look: Appearance,
        model: Recommended,
        memory: int,
        get: Callable[[Recommended], None],
        stop: Callable[[Recommended], None],
    ) -> None:
        super().__init__()
        self.model, self.order = model, ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(look.label(model.title, "strong"))
        line.addWidget(ElidedLabel(declared(model.summary), "small"), 1)
        self._state = look.label("", "small")
        line.addWidget(self._state)
        size = phrases.size(model.bytes)
        self.get = look.button(
            self.tr("Download ({size})").format(size=size), "download", small=True
        )
        self.get.setAccessibleName(f"{self.get.text()}: {model.title}")
        self.get.clicked.connect(lambda: get(model))
        self.stop = look.button(self.tr("Stop"), "circle-stop", small=True)
        self.stop.setAccessibleName(f"{self.stop.text()}: {model.title}")
        self.stop.clicked.connect(lambda: stop(model))
        self.stop.hide()
        line.addWidget(self.get)
        line.addWidget(self.stop)
        column.addLayout(line)
        facts = QHBoxLayout()
        facts.setSpacing(6)
        fits = model.memory <= memory
        facts.addWidget(look.icon_label("circle-check" if fits else "circle-x",
                                        "good" if fits else "bad", 14))  # fmt: skip
        needs = phrases.size(model.memory)
        words = self.tr("Fits: needs about {size}") if fits else self.tr(
            "Does not fit: needs about {size} of memory")  # fmt: skip
        details = (words.format(size=needs), model.licence, model.repository)
        facts.addWidget(ElidedLabel(" · ".join(details), "small"), 1)
        column.addLayout(facts)
        self._meter = Meter(look, self.tr("Progress"))
        self._meter.hide()
        column.addWidget(self._meter)
        self._problem = look.label("", "bad", wrap=True)
        self._problem.hide()
        column.addWidget(self._problem)

    def set_installed(self, here: bool, free: int) -> None:
        """Show that it is here and needs no download, or more than the ``free`` bytes."""
        is_short = not here and self.model.bytes > free
        words = self.tr("Only {size} free on the disk").format(size=phrases.size(free))
        self._state.setText(self.tr("Installed") if here else words if is_short else "")
        self.get.setVisible(not here and self.stop.isHidden())
        self.get.setEnabled(not is_short)

    def say(self, text: str, bad: bool = False) -> None:
        """Show how it goes, or what went wrong."""
        self._state.setText("" if bad else text)
        self._problem.setText(text if bad else "")
        self._problem.setVisible(bad)
        self.get.setEnabled(bad or not text)

    def show_download(self, now: Download) -> None:
        """Show how far it is."""
        self.get.setVisible(not now.is_live)
        self.get.setEnabled(True)
        self.stop.setVisible(now.is_live)
        self.stop.setEnabled(not now.stopping)
        self._meter.setVisible(now.is_live)
        self._meter.set_parts([(now.done / max(self.model.bytes, 1), "accent")])
        self._problem.setText(str(now.error) if now.error else "")
        self._problem.setVisible(now.error is not None)
        far = self.tr("{here} of {all}").format(
            here=phrases.size(now.done), all=phrases.size(self.model.bytes)
        )
        self._state.setText(far if now.is_live else "")
