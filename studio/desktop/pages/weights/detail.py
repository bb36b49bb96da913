"""Details of one set of weights: metadata, user notes and actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.api.window.figures import localised
from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.language import declared
from studio.desktop.pages.gallery.artifact_grid import ago
from studio.desktop.pages.weights.weights_row import WeightsRow
from studio.desktop.widgets.meter import Meter
from studio.models import Download
from studio.models.user_notes import MAX_RATING

WIDTH = 320
_NOTE_HEIGHT = 64
_SAVE_MS = 600
_DIGEST_CHARACTERS = 16
_CAME_FROM = ("hub", "package", "version", "revision", "file", "from")
"""What tells a person where weights came from; digests and parts are for the machine."""


@dataclass(frozen=True)
class Deeds:
    """Actions of the buttons; each takes the row.

    Attributes:
        form: Builds the form of its defaults, or returns None if there are none.
        copy: Copies text to the clipboard.
    """

    verify: Callable[[WeightsRow], None]
    convert: Callable[[WeightsRow], None]
    remove: Callable[[WeightsRow], None]
    pin: Callable[[WeightsRow, bool], None]
    read: Callable[[WeightsRow], None]
    stop: Callable[[WeightsRow], None]
    rate: Callable[[WeightsRow, int], None]
    note: Callable[[WeightsRow, str], None]
    form: Callable[[WeightsRow], QWidget | None]
    copy: Callable[[str], None]
    is_pinned: Callable[[WeightsRow], bool]


class WeightsDetail(QFrame):
    """The panel at the right of the table."""

    def __init__(self, look: Appearance, deeds: Deeds) -> None:
        super().__init__()
        self._look, self._deeds = look, deeds
        self.setProperty("surface", "card")
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(self.tr("Details"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._area = QScrollArea()
        self._area.setAccessibleName(self.accessibleName())
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout.addWidget(self._area)
        self.row: WeightsRow | None = None
        self._work, self._fit = QWidget(), QWidget()
        self._column = QVBoxLayout()
        self._save: Callable[[], None] = lambda: None

    def show_row(self, row: WeightsRow | None, now: Download | None, outcome: str = "") -> None:
        """Show ``row``, its operation in progress, and the outcome of the last check."""
        self.flush()
        self.row = row
        inner = QWidget()
        self._column = column = QVBoxLayout(inner)
        column.setContentsMargins(18, 16, 18, 18)
        column.setSpacing(10)
        if row is not None:
            self._fill(column, row, now, outcome)
        column.addStretch()
        self._area.setWidget(inner)

    def show_fit(self, row: WeightsRow) -> None:
        """Show whether it fits, as that has changed, and leave the rest to who writes in it."""
        before, self._fit = self._fit, self._fit_line(row)
        self._column.replaceWidget(before, self._fit)
        before.deleteLater()

    def flush(self) -> None:
        """Save a note that is being written."""
        self._save()
        self._save = lambda: None

    def show_work(self, now: Download | None) -> None:
        """Show how far the work on it is."""
        self._meter.set_parts([(now.done / max(now.total, 1), "accent")] if now else [])
        left = phrases.time_left(now.seconds_left) if now else ""
        text = self.tr("Stopping…") if now and now.stopping else left or self.tr("Working…")
        self._state.setText(text)
        self._work.setVisible(now is not None and now.is_live)

    # --- building -----------------------------------------------------------------------------

    def _fill(
        self, column: QVBoxLayout, row: WeightsRow, now: Download | None, outcome: str
    ) -> None:
        look = self._look
        column.addWidget(
            look.label(phrases.breakable(declared(row.weights.title)), "heading", wrap=True)
        )
        if row.weights.capabilities:
            column.addLayout(self._badges(row))
        self._fit = self._fit_line(row)
        column.addWidget(self._fit)
        column.addLayout(self._buttons(row))
        column.addWidget(self._work_row(row))
        self.show_work(now)
        if outcome:
            column.addWidget(look.label(outcome, "small", wrap=True))
        column.addLayout(self._facts(row))
        column.addWidget(look.label(self.tr("Rating"), "section"))
        column.addLayout(self._stars(row))
        column.addWidget(look.label(self.tr("Note"), "section"))
        column.addWidget(self._note(row))
        form = self._deeds.form(row)
        if form is not None:
            column.addWidget(look.label(self.tr("Default parameters"), "section"))
            column.addWidget(form)

    def _fit_line(self, row: WeightsRow) -> QWidget:
        fit, widget = row.fit, QWidget()
        line = QHBoxLayout(widget)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        line.addWidget(self._look.icon_label(fit.icon, fit.color), 0, Qt.AlignmentFlag.AlignTop)
        stop = "" if fit.word.endswith("…") else "."
        text = phrases.breakable(f"{fit.word[:1].upper()}{fit.word[1:]}{stop} {fit.reason}")
        role = "bad" if row.problem else "small"
        line.addWidget(self._look.label(text, role, wrap=True), 1)
        return widget

    def _badges(self, row: WeightsRow) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(6)
        for badge in row.weights.capabilities:
            line.addWidget(self._look.label(phrases.capability(badge), "badge"))
        line.addStretch()
        return line

    def _buttons(self, row: WeightsRow) -> QGridLayout:
        deeds, tr = self._deeds, self.tr
        choices: list[tuple[str, str, Callable[[], None]]] = []
        if row.is_pickle:
            choices.append(("shield", tr("Convert"), lambda: deeds.convert(row)))
        elif not row.problem:
            choices.append(("shield-check", tr("Verify"), lambda: deeds.verify(row)))
            is_pinned = deeds.is_pinned(row)
            title = tr("Unpin") if is_pinned else tr("Keep loaded")
            icon = "pin-off" if is_pinned else "pin"
            choices.append((icon, title, lambda: deeds.pin(row, not is_pinned)))
        if row.weights.card is not None:
            choices.append(("file-text", tr("Model card"), lambda: deeds.read(row)))
        choices.append(("trash-2", tr("Remove"), lambda: deeds.remove(row)))
        grid = QGridLayout()
        grid.setSpacing(6)
        for number, (icon, title, run) in enumerate(choices):
            button = self._look.button(title, icon, small=True)
            button.setAccessibleName(f"{title}: {declared(row.weights.title)}")
            button.clicked.connect(lambda _=False, run=run: run())
            grid.addWidget(button, number // 2, number % 2)
        return grid

    def _work_row(self, row: WeightsRow) -> QWidget:
        self._work = QWidget()
        line = QHBoxLayout(self._work)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        self._meter = Meter(self._look, self.tr("Progress"))
        self._state = self._look.label("", "small")
        stop = self._look.button(self.tr("Stop"), "circle-stop", small=True)
        stop.clicked.connect(lambda: self._deeds.stop(row))
        for widget, stretch in ((self._meter, 1), (self._state, 0), (stop, 0)):
            line.addWidget(widget, stretch)
        return self._work

    def _facts(self, row: WeightsRow) -> QGridLayout:
        tr, weights = self.tr, row.weights
        parameters = weights.parameters or (row.inspected and row.inspected.facts.get("parameters"))
        where = weights.origin or tr("model folder")
        used = ", ".join(f"{use.plugin} ({use.times})" for use in row.uses)
        came = ", ".join(filter(None, (_said(weights.source.get(key)) for key in _CAME_FROM)))
        digest = weights.digest
        facts: list[tuple[str, str, str]] = [
            (tr("Format"), weights.format.upper(), ""),
            (tr("Size"), phrases.size(weights.bytes) if weights.bytes else "", ""),
            (tr("Quantization"), row.quantization, ""),
            (tr("Architecture"), row.architecture, ""),
            (tr("Engine"), row.runs_through, ""),
            (tr("Parameters"), _parameters(int(parameters)) if parameters else "", ""),
            (tr("Context"), tr("{count:,} tokens").format(count=row.context)
             if row.context else "", ""),
            (tr("Licence"), row.licence, ""),
            (tr("SHA-256"), f"{digest[:_DIGEST_CHARACTERS]}…" if digest else "", digest),
            (tr("Source"), where, ""),
            (tr("Location"), str(weights.path), str(weights.path)),
            (tr("Origin"), came, ""),
            (tr("Used by"), used or tr("not used yet"), ""),
            (tr("Last used"), ago(row.last_used) if row.last_used else "", ""),
        ]  # fmt: skip
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        for number, (name, value, whole) in enumerate(fact for fact in facts if fact[1]):
            grid.addWidget(self._look.label(name, "mute"), number, 0, Qt.AlignmentFlag.AlignTop)
            label = self._look.label(phrases.breakable(value), wrap=True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(label, number, 1, Qt.AlignmentFlag.AlignTop)
            if whole:
                tip = self.tr("Copy {name}").format(name=name)
                copy = self._look.icon_button("copy", tip, size=14)
                copy.setProperty("kind", "tiny")  # as high as a line: none is pushed away
                copy.clicked.connect(lambda _=False, text=whole: self._deeds.copy(text))
                grid.addWidget(copy, number, 2, Qt.AlignmentFlag.AlignTop)
        return grid

    def _stars(self, row: WeightsRow) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(2)
        for stars in range(1, MAX_RATING + 1):
            is_on = stars <= row.remark.rating
            tip = self.tr("{count} of {all} stars").format(count=stars, all=MAX_RATING)
            button = self._look.icon_button("star", tip, color="accent" if is_on else "faint")
            again = 0 if stars == row.remark.rating else stars
            button.clicked.connect(lambda _=False, stars=again: self._deeds.rate(row, stars))
            line.addWidget(button)
        line.addStretch()
        return line

    def _note(self, row: WeightsRow) -> QPlainTextEdit:
        edit = QPlainTextEdit(row.remark.note)
        edit.setAccessibleName(self.tr("Note on {title}").format(title=declared(row.weights.title)))
        edit.setPlaceholderText(self.tr("Your notes on this model"))
        edit.setFixedHeight(_NOTE_HEIGHT)
        edit.setTabChangesFocus(True)
        timer = QTimer(edit)
        timer.setSingleShot(True)
        saved: list[Any] = [row.remark.note]

        def save() -> None:
            timer.stop()
            if edit.toPlainText() != saved[0]:
                saved[0] = edit.toPlainText()
                self._deeds.note(row, saved[0])

        timer.timeout.connect(save)
        edit.textChanged.connect(lambda: timer.start(_SAVE_MS))
        self._save = save
        return edit


def _parameters(count: int) -> str:
    """Return a number of parameters as names of models have it: ``135 M``, ``70.6 B``."""
    if count < 0.9995e9:
        return f"{count / 1e6:.0f} M"
    return localised(f"{count / 1e9:.1f} B") if count < 1e11 else f"{count / 1e9:.0f} B"


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
