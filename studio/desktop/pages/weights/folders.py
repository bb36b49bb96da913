"""A sheet that says where weights are looked for, and where else they could be. Reads none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from studio.api.window.language import tr
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.contents import clear
from studio.desktop.widgets.elided import ElidedLabel
from studio.desktop.widgets.sheet import Sheet
from studio.desktop.widgets.switch import Switch
from studio.models.manager import WeightsManager


def show_folders(
    look: Appearance, window: QWidget, weights_manager: WeightsManager, changed: Callable[[], None]
) -> Sheet:
    """Show the sheet over ``window``; ``changed`` is called when something was switched."""
    sheet = Sheet(look, window, tr("Model folders"), 560)
    body = QVBoxLayout()
    body.setSpacing(8)
    sheet.body.addLayout(body)
    external = weights_manager.external

    def build() -> None:
        clear(body)
        body.addWidget(look.label(tr("Your model folders"), "section"))
        if not external.folders:
            body.addWidget(look.label(tr("Only the built-in one."), "small"))
        for folder in external.folders:
            forget = look.icon_button("x", tr("Remove {name}").format(name=folder.name))
            forget.clicked.connect(partial(drop, folder))
            body.addWidget(_row(str(folder), forget))
        add = look.button(tr("Add folder…"), "folder-plus", small=True)
        add.clicked.connect(choose)
        body.addWidget(_row("", add))
        body.addWidget(look.label(tr("Other apps on this machine"), "section"))
        programs = external.other_programs()
        if not programs:
            hint = tr(
                "No models of LM Studio, Ollama, Hugging Face, GPT4All, Jan, ComfyUI or "
                "AUTOMATIC1111 were found."
            )
            body.addWidget(look.label(hint, "small", wrap=True))
        for program in programs:
            switch = Switch(look, program.title)
            switch.setChecked(external.is_on(program))
            switch.toggled.connect(partial(turn, program.id))
            body.addWidget(_row(f"{program.title}  ·  {program.stores[0]}", switch))
        hint = tr("Their files are used in place and never changed. Turn an app on to list its "
                   "models.")  # fmt: skip
        body.addWidget(look.label(hint, "small", wrap=True))

    def drop(folder: Path, _: bool = False) -> None:
        external.unwatch(folder)
        build()
        changed()

    def choose() -> None:
        chosen = QFileDialog.getExistingDirectory(window, tr("Add model folder"))
        if chosen:
            external.watch(Path(chosen))
            build()
            changed()

    def turn(program: str, on: bool) -> None:
        external.switch(program, on)
        changed()

    build()
    sheet.show_sheet()
    return sheet


def _row(text: str, control: QWidget) -> QWidget:
    holder = QWidget()
    line = QHBoxLayout(holder)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(8)
    line.addWidget(ElidedLabel(text), 1)
    line.addWidget(control)
    return holder
