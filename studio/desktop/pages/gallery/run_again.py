"""*Recreate exactly*: makes a result anew and shows the verdict, the new one beside the old one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget
from shiboken6 import isValid

from studio.api.window.language import tr
from studio.base.background import in_words
from studio.base.notices import Action
from studio.desktop.pages.gallery import rerun_words
from studio.desktop.pages.page_services import PageServices
from studio.desktop.viewers import artifact as viewers
from studio.desktop.widgets.sheet import Sheet
from studio.library import Artifact
from studio.library.saved_artifact import saved_artifact
from studio.protocol.errors import StudioError
from studio.rerun.report import Report, RerunVerdict
from studio.rerun.rerun import Rerun

_KEY = "run-again"


def run_again(
    parts: PageServices, id: str, opener: QWidget, changed: Callable[[], None] = lambda: None
) -> None:
    """Make the artifact ``id`` again; tell how the new result compares once it is there.

    Args:
        opener: What was pressed: over its window both are shown.
        changed: Called when the new result is in the library.
    """
    studio = parts.studio

    def told(report: Report) -> None:
        if report.trouble is not None:
            studio.notices.error(rerun_words.trouble(report.trouble), key=_KEY)
            return
        changed()
        words = rerun_words.sentence(report)
        if report.verdict is RerunVerdict.IDENTICAL or not report.made:
            studio.notices.info(words, key=_KEY)
            return

        def show() -> None:
            show_both(parts, report, window)

        studio.notices.info(words, key=_KEY, actions=(Action(tr("Compare"), show),))
        if isValid(opener) and opener.isVisible():
            show()

    window = opener.window()
    studio.notices.info(tr("Recreating it…"), key=_KEY)

    def beside(
        call: Callable[[], Any], then: Callable[[Any], None], failed: Callable[[StudioError], None]
    ) -> None:
        parts.background.run(call, then, lambda error: failed(in_words(error)))

    Rerun(studio, id, beside, told).start()


def show_both(parts: PageServices, report: Report, window: QWidget) -> Sheet | None:
    """Compare the old and the new result in a sheet over ``window``."""
    if not isValid(window):
        return None
    look, library, notices = parts.ui.look, parts.studio.library, parts.studio.notices
    sheet = Sheet(look, window, tr("Recreate exactly"), min(980, max(520, window.width() - 96)))
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    inner = QWidget()
    column = QVBoxLayout(inner)
    column.setContentsMargins(0, 0, 12, 0)
    column.setSpacing(18)
    column.addWidget(look.label(rerun_words.head(report), wrap=True))
    facts, pair = QHBoxLayout(), QHBoxLayout()
    for row in (facts, pair):
        row.setSpacing(16)
        column.addLayout(row)
    nothing = [tr("Nothing that is known to matter.")]
    causes = [_begun(rerun_words.cause(item), item.name) for item in report.causes]
    _list(parts, facts, tr("What differs"), [_begun(item) for item in _effects(report)])
    _list(parts, facts, tr("What has changed since"), causes or nothing)
    column.addStretch()
    area.setWidget(inner)
    area.setMinimumHeight(max(280, min(560, window.height() - 200)))
    sheet.body.addWidget(area)
    sheet.show_sheet(area)

    def read() -> list[Artifact]:
        return [library.artifact(id) for id in (report.original, report.made[0])]

    def fill(both: list[Artifact]) -> None:
        if isValid(pair):
            for title, item in zip((tr("Then"), tr("Now")), both, strict=True):
                _show(parts, pair, title, item)

    parts.background.run(read, fill, lambda error: notices.error(in_words(error), key=_KEY))
    return sheet


def _show(parts: PageServices, pair: QHBoxLayout, title: str, artifact: Artifact) -> None:
    side = QVBoxLayout()
    side.setSpacing(6)
    side.addWidget(parts.ui.look.label(title, "section"))
    pair.addLayout(side, 1)

    def add(widget: QWidget) -> None:
        if isValid(side):
            side.addWidget(widget)
            side.addStretch()

    viewers.show_later(parts, saved_artifact(parts.studio.library, artifact), add)


def _effects(report: Report) -> list[str]:
    return [rerun_words.effect(effect) for one in report.differences for effect in one.effects]


def _list(parts: PageServices, row: QHBoxLayout, title: str, lines: list[str]) -> None:
    column = QVBoxLayout()
    column.setSpacing(4)
    column.addWidget(parts.ui.look.label(title, "section"))
    for line in lines:
        column.addWidget(parts.ui.look.label(line, "small", wrap=True))
    column.addStretch()
    row.addLayout(column, 1)


def _begun(line: str, name: str = "") -> str:
    """Return a clause as a line of its own; it may begin with a name, which is written as it is."""
    return line if name and line.startswith(name) else line[:1].upper() + line[1:]
