"""Two small questions: do it or not; open this address or copy it. Sheets that block nothing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from studio.api.window.language import tr
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.sheet import Sheet


def show_confirm(
    look: Appearance,
    window: QWidget,
    title: str,
    text: str,
    button: str,
    run: Callable[[], None],
    danger: bool = False,
) -> None:
    """Ask; Escape and a click beside the sheet mean no."""
    sheet = Sheet(look, window, title, 440)
    sheet.body.addWidget(look.label(text, "mute", wrap=True))
    yes = look.button(button, kind="danger" if danger else "primary")
    _finish(look, sheet, ((yes, run),))
    sheet.show_sheet(yes)


def show_link(
    look: Appearance,
    window: QWidget,
    address: str,
    copy: Callable[[], None],
    open_it: Callable[[], object],
) -> None:
    """Show where a link leads before anything leaves the machine."""
    sheet = Sheet(look, window, tr("Open this link in your browser?"), 520)
    words = tr("Your browser will use the network. Offline Studio does not.")
    sheet.body.addWidget(look.label(words, "mute", wrap=True))
    shown = look.label(address, wrap=True)
    shown.setFont(look.fonts.mono())
    shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    sheet.body.addWidget(shown)
    copier = look.button(tr("Copy address"), "copy", kind="primary")
    opener = look.button(tr("Open in browser"), "external-link")
    _finish(look, sheet, ((opener, open_it), (copier, copy)))
    sheet.show_sheet(copier)


def _finish(
    look: Appearance, sheet: Sheet, buttons: tuple[tuple[QPushButton, Callable[[], object]], ...]
) -> None:
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addStretch()
    cancel = look.button(tr("Cancel"))
    cancel.clicked.connect(sheet.dismiss)
    row.addWidget(cancel)
    for button, run in buttons:
        button.clicked.connect(lambda _checked=False, run=run: _do(sheet, run))
        row.addWidget(button)
    sheet.body.addSpacing(4)
    sheet.body.addLayout(row)


def _do(sheet: Sheet, run: Callable[[], object]) -> None:
    sheet.dismiss()
    run()
