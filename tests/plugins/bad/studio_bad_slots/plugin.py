"""Window half whose page opens, and goes wrong under the hand of the user."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QMessageBox, QPushButton, QVBoxLayout, QWidget

from studio.api import hookimpl
from studio.api.window.context import Page

RELEASE = threading.Event()
"""Ends the slot that keeps the window standing."""


@hookimpl
def studio_pages(ctx: Any) -> Mapping[str, Callable[[], Page]]:
    return {"bad_slots.page": lambda: Page(_Buttons(ctx))}


class _Buttons(QWidget):
    """One button for each thing that can go wrong."""

    def __init__(self, ctx: Any) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        for name, slot in {
            "raise": _raise,
            "exit": _exit,
            "raise SystemExit": _raise_exit,
            "through the studio": lambda: ctx.ui.form(int),
            "in a thread": lambda: threading.Thread(target=_raise, daemon=True).start(),
            "in background work": lambda: ctx.run_later(_exit),
            "hold": lambda: RELEASE.wait(60),
            "spin": _spin,
            "dialogs": _dialogs,
            "die": lambda: os._exit(7),
            "crash": lambda: faulthandler._sigsegv(),  # type: ignore[attr-defined]
        }.items():
            button = QPushButton(name, self)
            button.setObjectName(name)
            button.clicked.connect(slot)
            layout.addWidget(button)

    def customEvent(self, event: QEvent) -> None:
        raise ValueError("no events")


def _raise() -> NoReturn:
    raise ValueError("a slot went wrong")


def _exit() -> NoReturn:
    sys.exit(4)


def _raise_exit() -> NoReturn:
    raise SystemExit(3)


def _dialogs() -> NoReturn:
    while True:
        with contextlib.suppress(Exception):
            QMessageBox.information(None, "Again", "and again")


def _spin() -> NoReturn:
    while True:
        pass
