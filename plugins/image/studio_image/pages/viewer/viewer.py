"""Where a result is looked at: canvas or contact sheet, with its caption and tools around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QImage, QMovie
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from studio.api import Check, PluginContext, Role, TaskResult, Verdict
from studio.api.window.language import tr
from studio_image.pages.viewer.canvas import Canvas
from studio_image.pages.viewer.contact_sheet import ContactSheet


class Viewer(QWidget):
    """Shows one result, one batch, or the preview of a job.

    Signals:
        tool_pressed: A tool was pressed; carries its name (``star``, ``copy``, ``save``,
            ``compare``, ``sheet``, ``more``, ``bin``) and the corner below it; the picture's own
            menu is ``more``, where it was asked for.
        opened: A picture of the sheet; carries its index.
    """

    tool_pressed = Signal(str, QPoint)
    opened = Signal(int)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self.canvas = Canvas(ctx)
        self.sheet = ContactSheet(ctx)
        self._film: QMovie | None = None
        self.sheet.opened.connect(self.opened)
        self.canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.canvas.customContextMenuRequested.connect(
            lambda at: self.tool_pressed.emit("more", self.canvas.mapToGlobal(at))
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self.canvas)
        self._stack.addWidget(self.sheet)
        self._caption = ctx.ui.elided_label("", Role.SMALL)
        self._understood = ctx.ui.label("", Role.SMALL, wrap=True)
        self._understood.hide()
        self._zoom = ctx.ui.icon_button("expand", tr("Fit or original size"))
        self._zoom.clicked.connect(self._toggle_fit)
        self._percent = ctx.ui.label("", Role.SMALL)
        self._percent.setMinimumWidth(44)
        self.canvas.zoomed.connect(lambda scale: self._percent.setText(f"{100 * scale:.0f}%"))
        self.tools = {name: self._tool(name, icon, tip) for name, icon, tip in _tools()}
        for name in ("compare", "star"):
            self.tools[name].setCheckable(True)
        below = QHBoxLayout()
        below.setSpacing(2)
        below.addWidget(self._caption.widget, 1)
        below.addSpacing(8)
        below.addWidget(self._percent)
        below.addWidget(self._zoom)
        for tool in self.tools.values():
            below.addWidget(tool)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._stack, 1)
        column.addLayout(below)
        column.addWidget(self._understood)

    @property
    def on_sheet(self) -> bool:
        """Whether the contact sheet is in view."""
        return self._stack.currentWidget() is self.sheet

    shown = ""
    """Id of the picture on the canvas; empty for a preview or a sheet."""

    def show_result(self, result: TaskResult, image: QImage, batch: int) -> None:
        """Show one picture large.

        Args:
            batch: How many pictures its run made.
        """
        self._end_film()
        self.shown = result.id
        self.canvas.show_image(image)
        self._stack.setCurrentWidget(self.canvas)
        self._caption.set_text(caption(result, image))
        self._say_understood(understood(result.artifact.meta, result.artifact.verdict))
        self._show_tools(True)
        self.tools["compare"].setVisible(bool(result.source))
        self.tools["compare"].setChecked(False)
        self.tools["sheet"].setVisible(batch > 1)
        self.show_star(result)

    def play(self, path: Path) -> None:
        """Let the film in view move; a click holds it, and lets it go on."""
        self._film = QMovie(str(path))
        self._film.setParent(self)
        self._film.frameChanged.connect(self._show_frame)
        self._film.start()

    def hold(self) -> None:
        """Hold the film in view, or let it go on."""
        if self._film is not None:
            self._film.setPaused(self._film.state() is QMovie.MovieState.Running)

    def _show_frame(self) -> None:
        if self._film is not None:
            self.canvas.show_image(self._film.currentImage(), keep_view=True)

    def _end_film(self) -> None:
        if self._film is not None:
            self._film.stop()
            self._film.deleteLater()
            self._film = None

    def show_star(self, result: TaskResult) -> None:
        """Show whether a picture is starred, if it is the one in view."""
        if result.id == self.shown:
            self.tools["star"].setChecked(result.star)
            self.tools["star"].setIcon(self._ui.icon("star", "warn" if result.star else "mute"))

    def show_preview(self, image: QImage) -> None:
        """Show a picture that is being made."""
        self._end_film()
        self.shown = ""
        self.canvas.show_image(image, keep_view=True)
        self._stack.setCurrentWidget(self.canvas)
        self._bare("")

    def show_sheet(
        self, images: Sequence[QImage], *, meta: Mapping[str, Any] | None = None
    ) -> None:
        """Show a batch, finished or interim.

        Args:
            meta: Metadata of its pictures; None for an unfinished batch.
        """
        self._end_film()
        self.shown = ""
        self.sheet.show_images(images)
        self._stack.setCurrentWidget(self.sheet)
        words = tr("{count} pictures. Click one to enlarge it.")
        self._bare(words.format(count=len(images)) if meta is not None else "")
        self._say_understood(understood(meta or {}))

    def compare(self, before: QImage) -> None:
        """Show the previous picture; a null image ends that."""
        self.canvas.compare(before)
        self.tools["compare"].setChecked(self.canvas.comparing)

    def _bare(self, words: str) -> None:
        """Show ``words`` and no tools: there is no result to use them on."""
        self._caption.set_text(words)
        self._say_understood("")
        self._show_tools(False)

    def _say_understood(self, words: str) -> None:
        self._understood.setText(words)
        self._understood.setVisible(bool(words))

    def _show_tools(self, shown: bool) -> None:
        for tool in (*self.tools.values(), self._zoom, self._percent):
            tool.setVisible(shown)

    def _tool(self, name: str, icon: str, tip: str) -> QToolButton:
        button = self._ui.icon_button(icon, tip)
        button.clicked.connect(
            lambda _checked=False: self.tool_pressed.emit(
                name, button.mapToGlobal(button.rect().bottomLeft())
            )
        )
        return button  # type: ignore[no-any-return]

    def _toggle_fit(self) -> None:
        if self.canvas.fitting:
            self.canvas.actual_size()
        else:
            self.canvas.fit()


def _tools() -> tuple[tuple[str, str, str], ...]:
    return (
        ("compare", "columns-2", tr("Compare with the original  Alt+C")),
        ("sheet", "layout-grid", tr("Show the whole batch  Alt+G")),
        ("star", "star", tr("Star  Alt+S")),
        ("copy", "copy", tr("Copy  Ctrl+Shift+C")),
        ("save", "download", tr("Save as…  Ctrl+S")),
        ("more", "ellipsis", tr("Use it, reuse its settings, and more")),
        ("bin", "trash-2", tr("Move to the bin  Ctrl+Backspace")),
    )


def caption(result: TaskResult, image: QImage) -> str:
    """Return size, seed, what failed, whether it is all done, and the prompt, in words."""
    parts = [tr("{width} × {height} px").format(width=image.width(), height=image.height())]
    if result.artifact.meta.get("ended_early"):
        parts.append(tr("stopped early"))
    seed = result.params.get("seed")
    if isinstance(seed, int) and seed >= 0:
        parts.append(tr("seed {seed}").format(seed=seed))
    verdict = result.artifact.verdict
    if verdict is not None and verdict.checks:
        failed = [check.name for check in verdict.checks if not check.passed and not _shown(check)]
        if failed:
            parts.append(tr("failed: {checks}").format(checks=", ".join(failed)))
    if prompt := str(result.params.get("prompt", "")).strip():
        parts.append(tr("“{prompt}”").format(prompt=prompt))
    return " · ".join(parts)


def understood(meta: Mapping[str, Any], verdict: Verdict | None = None) -> str:
    """Describe the captions drawn, and the parts of the prompt that may be missing.

    Empty where unknown.
    """
    sentences = []
    if drawn := str(meta.get("drawn", "")):
        sentences.append(tr("Drawn from: {drawn}.").format(drawn=drawn))
    respelt = meta.get("respelt")
    for typed, meant in respelt.items() if isinstance(respelt, Mapping) else ():
        sentences.append(tr("“{said}” was read as “{meant}”.").format(said=typed, meant=meant))
    if unknown := meta.get("unknown"):
        words = tr("Left out (unknown words): {words}.")
        sentences.append(words.format(words=", ".join(map(str, unknown))))
    missing = [_shown(check) for check in verdict.checks if not check.passed] if verdict else []
    if missing := list(filter(None, missing)):
        words = tr("It may not look like: {things}.")
        sentences.append(words.format(things=", ".join(missing)))
    return " ".join(sentences)


def _shown(check: Check) -> str:
    """Return the subject that a check recognised; empty for another check."""
    return check.name.removeprefix("shows ") if check.name.startswith("shows ") else ""
