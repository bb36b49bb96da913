"""Files that were dropped on the gallery: who made them, and whether they are unchanged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.api.window.language import tr
from studio.desktop.appearance.appearance import Appearance, line
from studio.desktop.pages.page_services import PageServices
from studio.desktop.widgets.elided import ElidedLabel
from studio.desktop.widgets.sheet import Sheet
from studio.library.provenance.examination import Verdict
from studio.library.provenance.statement import Source
from studio.library.provenance.verification import Run, Verified, verify

_WIDTH = 560
_TALL = 420
_ICONS = {
    Verdict.OURS: ("shield-check", "good"),
    Verdict.ANOTHER: ("shield-check", "mute"),
    Verdict.CHANGED: ("circle-x", "bad"),
    Verdict.NONE: ("circle-help", "mute"),
    Verdict.UNREADABLE: ("circle-alert", "warn"),
}


def verify_files(
    parts: PageServices, files: Sequence[Path], window: QWidget, show: Callable[[str], None]
) -> None:
    """Verify files in the background, and show the results over the window.

    Args:
        show: Shows an artifact by its id.
    """
    studio, look = parts.studio, parts.ui.look

    def done(results: list[Verified]) -> None:
        show_verified(look, window, results, show)

    def failed(error: Exception) -> None:
        studio.notices.error(error, key="verify")

    parts.background.run(lambda: list(verify(files, studio.paths, studio.library)), done, failed)


def show_verified(
    look: Appearance, window: QWidget, results: Sequence[Verified], show: Callable[[str], None]
) -> Sheet:
    """Show what files came to, over ``window``; return the sheet."""
    title = tr("Verified file") if len(results) == 1 else tr("Verified files")
    sheet = Sheet(look, window, title, _WIDTH)
    inner = QWidget()
    column = QVBoxLayout(inner)
    column.setContentsMargins(0, 0, 8, 0)
    column.setSpacing(12)

    def go(id: str) -> None:
        sheet.dismiss()
        show(id)

    for number, verified in enumerate(results):
        if number:
            column.addWidget(line())
        column.addLayout(_row(look, verified, go))
    column.addStretch()
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)
    inner.setFixedWidth(_WIDTH - 64)
    area.setFixedHeight(min(_TALL, column.totalHeightForWidth(_WIDTH - 64) + 4))
    sheet.body.addWidget(area)
    sheet.body.addWidget(line())
    sheet.body.addWidget(look.label(_meaning(), "small", wrap=True))
    sheet.show_sheet()
    return sheet


def _row(look: Appearance, verified: Verified, go: Callable[[str], None]) -> QHBoxLayout:
    finding, artifact = verified.finding, verified.artifact
    row, words = QHBoxLayout(), QVBoxLayout()
    row.setSpacing(12)
    words.setSpacing(3)
    icon = look.icon_label(*_ICONS[finding.verdict], 20)
    row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
    name = ElidedLabel(verified.path.name, "mute")
    words.addWidget(look.label(_title(finding.verdict), wrap=True))
    words.addWidget(name)
    for text in filter(None, (_source(finding.source), finding.why)):
        words.addWidget(look.label(text, "small", wrap=True))
    if verified.run is not None:
        words.addWidget(look.label(_run(verified.run), "small", wrap=True))
    row.addLayout(words, 1)
    if artifact is not None:
        button = look.button(tr("Show in library"), "layout-grid", small=True)
        button.clicked.connect(lambda: go(artifact.id))
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
    return row


def _run(run: Run) -> str:
    created = QDateTime.fromSecsSinceEpoch(int(run.created)) if 0 < run.created < 2**40 else None
    date = QLocale().toString(created, QLocale.FormatType.ShortFormat) if created else ""
    return " · ".join(filter(None, (run.task, ", ".join(run.models), date)))


def _title(verdict: Verdict) -> str:
    return {
        Verdict.OURS: tr("Made by this studio, unchanged"),
        Verdict.ANOTHER: tr("Made by another installation, unchanged"),
        Verdict.CHANGED: tr("Changed since it was signed"),
        Verdict.NONE: tr("No provenance"),
        Verdict.UNREADABLE: tr("Unreadable"),
    }[verdict]


def _source(source: str) -> str:
    texts = {
        Source.GENERATED.value: tr("Made with AI"),
        Source.EDITED.value: tr("Edited with AI"),
        Source.COMPUTED.value: tr("Computed, without a trained model"),
        Source.ENHANCED.value: tr("Changed by a computation, without a trained model"),
    }
    return texts.get(source, source)


def _meaning() -> str:
    return tr(
        "A signed record tells how a file was made and whether it was changed since. Anyone can "
        "remove it, so a file without one may have been made in any way."
    )
