"""Opens each mode of each page at several sizes and prints the controls that are cut off.

    python tests/e2e/cut_controls.py en 1280x800 800x500

The library is a demo, the runtime a script. Nothing is printed where all can be read and reached.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from studio.app import App, make_application  # isort: skip  first of all, as the window does

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QGraphicsView,
    QLabel,
    QLineEdit,
    QScrollBar,
    QToolButton,
    QWidget,
)

from studio.base.paths import StudioPaths
from studio.desktop.widgets.switch_bar import SwitchBar
from studio.desktop.window import window_state
from studio.desktop.window.window_state import WindowState
from studio.library import Library
from studio.testing import demo
from studio.testing.scripted import ScriptedRuntime
from studio.testing.shots import _wait

_CONTROLS = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractSlider, QLabel)
_INSIDE_OTHERS = (QAbstractSpinBox, QComboBox)
"""What has fields and buttons of its own, which it arranges by itself."""
_SLACK = 2
"""Pixels of rounding."""
_SETTLE_S = 0.08


def main(language: str, *sizes: str) -> int:
    """Open the studio and print a line for each control that is cut off."""
    paths = StudioPaths.default()
    with Library.open(paths) as library:
        demo.fill(library)
    window_state.save(paths.state, WindowState(language=language))
    application = make_application()
    scripted = ScriptedRuntime()
    scripted.in_turn = True
    app = App(application, launch=scripted.launch)
    app.look.theme.reduced_motion = True
    app.start()
    _wait(lambda: app.session is not None)
    assert app.session is not None
    app.session.studio.runtime.start()
    _wait(lambda: app.activity.runtime_state == "ready" and bool(app.window.pages.current))
    assert app.look.language.in_force == language
    pages = 0
    for size in sizes:
        width, _, height = size.partition("x")
        app.window.resize(int(width), int(height))
        for button in app.window.rail.buttons():
            app.window.open_page(button.spec.id)
            pages += 1
            for line in _of_page(app):
                print(f"{language} {size} {button.spec.id} {line}")
    print(f"{pages} pages opened", file=sys.stderr)
    app.quit()
    app.finish()
    return 0


def _of_page(app: App) -> Iterator[str]:
    page = app.window.pages.page()
    assert page is not None
    _wait(lambda: False, _SETTLE_S)
    parts = [part for part in (page.widget, page.panel) if part is not None]
    reported = set[str]()
    for title, choose in [("", lambda: None), *_modes(parts)]:
        choose()
        for part in parts:
            _unfold(part)
        _wait(lambda: False, _SETTLE_S)
        faults = _lasting(page.widget, app.window.center)
        if page.panel is not None:
            app.window.fold_panel(False)
            _wait(lambda: False, _SETTLE_S)
            faults += _lasting(page.panel, app.window.center)
            app.window.fold_panel(app.window.width() < 1100)
        for fault in faults:
            if fault not in reported:
                reported.add(fault)
                yield f"[{title}] {fault}"


def _lasting(part: QWidget, window: QWidget) -> list[str]:
    """List the faults that are still there when all layouts have settled."""
    if not (faults := list(_faults(part, window))):
        return []
    _wait(lambda: False, 10 * _SETTLE_S)
    later = set(_faults(part, window))
    return [fault for fault in faults if fault in later]


def _modes(parts: list[QWidget]) -> list[tuple[str, Callable[[], object]]]:
    """List what can be chosen on a page, but how the whole window looks."""
    modes = list[tuple[str, Callable[[], object]]]()
    for part in parts:
        for button in part.findChildren(QToolButton):
            menu = button.menu() if button.property("kind") == "modes" else None
            for action in menu.actions() if menu else ():
                if action.isVisible():
                    modes.append((action.text(), action.trigger))
        for bar in part.findChildren(SwitchBar):
            for id, choice in bar.buttons.items():
                if id not in ("dark", "light", "system"):
                    modes.append((choice.toolTip(), choice.click))
    return modes


def _unfold(part: QWidget) -> None:
    for fold in part.findChildren(QToolButton):
        if fold.property("kind") == "fold" and fold.isVisible() and not fold.isChecked():
            fold.click()


def _faults(part: QWidget, window: QWidget) -> Iterator[str]:
    for control in part.findChildren(QWidget):
        if not isinstance(control, _CONTROLS) or isinstance(control, QScrollBar):
            continue
        if not control.isVisible() or isinstance(control.parentWidget(), _INSIDE_OTHERS):
            continue
        area = _area(control, window)
        if isinstance(area, QGraphicsView):
            continue  # a canvas has its own way to go to what is outside
        if area is None or area.horizontalScrollBarPolicy() is _NEVER:
            over = _over(control, area.viewport() if area else window)
            if over:
                yield f"{_name(control)}: {over} px outside"
                continue
        if isinstance(control, QAbstractButton | QLabel):
            missing = _missing(control)
            if missing:
                yield f"{_name(control)}: its text lacks {missing} px"


_ICON_ONLY = Qt.ToolButtonStyle.ToolButtonIconOnly
_NEVER = Qt.ScrollBarPolicy.ScrollBarAlwaysOff


def _over(control: QWidget, bound: QWidget) -> int:
    left = control.mapTo(bound, QPoint(0, 0)).x()
    over = max(-left, left + control.width() - bound.width())
    return over if over > _SLACK else 0


def _missing(control: QAbstractButton | QLabel) -> int:
    """Count the pixels that a line of text lacks; what wraps or is shortened with “…” has room."""
    if not control.text() or (isinstance(control, QLabel) and control.wordWrap()):
        return 0
    if isinstance(control, QToolButton) and control.toolButtonStyle() is _ICON_ONLY:
        return 0
    hint = min(control.sizeHint().width(), control.minimumSizeHint().width())
    missing = hint - control.width()
    return missing if missing > _SLACK else 0


def _area(control: QWidget, window: QWidget) -> QAbstractScrollArea | None:
    parent = control.parentWidget()
    while parent is not None and parent is not window:
        if isinstance(parent, QAbstractScrollArea):
            return parent
        parent = parent.parentWidget()
    return None


def _name(control: QWidget) -> str:
    words = getattr(control, "text", str)() or control.accessibleName() or control.toolTip()
    return f"{type(control).__name__} “{words[:40]}”"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
