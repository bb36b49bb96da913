"""Actions on the displayed result: star, bin with Undo, copy, save, send to another page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QMenu

from studio.api.artifacts import SavedArtifact
from studio.api.results import PageResults, TaskResult, file_stem
from studio.api.window.context import PluginContext
from studio.api.window.language import tr
from studio.api.window.ui import TroubleRow
from studio.api.window.work_queue import WorkQueue
from studio.desktop.kit.handed_out import HandedOut
from studio.desktop.kit.phrases import shortened
from studio.desktop.kit.saved_copy import save_as
from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.exporter import Exported
from studio.protocol.errors import StudioError


@dataclass(frozen=True)
class ActionParts:
    """Dependencies of the actions; described in ``studio.api.kit.Kit.artifact_actions``."""

    current: Callable[[], TaskResult | None]
    trouble: TroubleRow
    results: PageResults | None = None
    show: Callable[[str], None] | None = None
    changed: Callable[[TaskResult], None] | None = None
    export: Callable[[SavedArtifact, Path], Any] | None = None
    suffixes: Sequence[str] = ()
    clip: Callable[[SavedArtifact], Any] | None = None
    page: str = ""


class ArtifactActions:
    """Implements ``studio.api.results.ArtifactActions``."""

    def __init__(self, ctx: PluginContext, parts: ActionParts, handed_out: HandedOut) -> None:
        self._ctx, self._parts, self._handed_out = ctx, parts, handed_out
        self._work_queue = WorkQueue(ctx)

    # --- star ---------------------------------------------------------------------------------

    def star(self) -> None:
        """Toggle the star; on a failed save, revert and report the error."""
        result = self._parts.current()
        if result is None:
            return
        star, library = not result.star, self._ctx.library
        self._mark(result, star)

        def refused(error: StudioError) -> None:
            self._parts.trouble.tell(error)
            self._mark(result, not star)

        self._work_queue.do(lambda: library.star(result.id, star), failed=refused)

    def _mark(self, result: TaskResult, star: bool) -> None:
        result.star = star
        if self._parts.results is not None:
            self._parts.results.update(result)
        if self._parts.changed is not None:
            self._parts.changed(result)

    # --- bin ----------------------------------------------------------------------------------

    def bin(self) -> None:
        """Move it to the bin of the library, with a notice whose Undo brings it back."""
        result = self._parts.current()
        if result is None:
            return
        place, library = self._take_out(result), self._ctx.library
        title = shortened(result.artifact.title, tr("The result"))

        def restore() -> None:
            self._work_queue.do(
                lambda: library.restore(result.id),
                lambda _done: self._put_back(place, result),
                self._parts.trouble.tell,
            )

        def binned(_done: None) -> None:
            words = tr("“{title}” is in the bin.").format(title=title)
            self._ctx.notices.offer(words, tr("Undo"), restore, key=f"{self._ctx.plugin}.bin")

        def refused(error: StudioError) -> None:
            self._parts.trouble.tell(error)
            self._put_back(place, result)

        self._work_queue.do(lambda: library.bin(result.id), binned, refused)

    def remove(self) -> None:
        """Take it out of the strip only, with an Undo; the library keeps it."""
        result = self._parts.current()
        if result is None:
            return
        place = self._take_out(result)
        words = tr("Removed from the list. It is still in the gallery.")
        self._ctx.notices.offer(
            words,
            tr("Undo"),
            lambda: self._put_back(place, result),
            key=f"{self._ctx.plugin}.remove",
        )

    def _take_out(self, result: TaskResult) -> int:
        """Take it out of the strip and show its neighbour; return where it was."""
        results, place, left = self._parts.results, -1, ""
        if results is not None:
            place = results.place(result.id)
            results.remove(result.id)
            left = results[min(place, len(results) - 1)].id if len(results) else ""
        self._show(left)
        return place

    def _put_back(self, place: int, result: TaskResult) -> None:
        if self._parts.results is not None:
            self._parts.results.add(result, max(place, 0))
        self._show(result.id)

    def _show(self, id: str) -> None:
        if self._parts.show is not None:
            self._parts.show(id)

    # --- taking it elsewhere ------------------------------------------------------------------

    def copy(self) -> None:
        """Copy the content and the file to the clipboard."""
        result = self._parts.current()
        if result is None:
            return
        artifact, clip = result.artifact, self._parts.clip

        def read() -> tuple[list[Path], Any]:
            files = self._handed_out.files(artifact.id)
            return files, clip(artifact) if clip is not None else artifact.text

        def put(copied: tuple[list[Path], Any]) -> None:
            files, content = copied
            data = QMimeData()
            data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
            words = tr("File copied.")
            if isinstance(content, QImage):
                data.setImageData(content)
                words = tr("Picture copied.")
            elif content:
                data.setText(str(content))
                words = tr("Text copied.")
            QGuiApplication.clipboard().setMimeData(data)
            self._ctx.notices.info(words, key=f"{self._ctx.plugin}.copy")

        self._work_queue.do(read, put, self._parts.trouble.tell)

    def save_as(self) -> None:
        """Ask for a path and export there, with the chosen amount of provenance."""
        result = self._parts.current()
        if result is None:
            return
        exporter = self._handed_out.exporter
        chosen = exporter.disclosure
        artifact, export = result.artifact, self._parts.export
        suffixes = self._parts.suffixes if export is not None else (artifact.path.suffix,)

        def write(path: Path) -> tuple[Exported, Disclosure]:
            by_page = partial(export, artifact) if export is not None else None
            return exporter.to_file(artifact.id, path, chosen, by_page), chosen

        def report(path: Path, written: tuple[Exported, Disclosure]) -> None:
            exported, chosen = written
            words = tr("Saved as {name}.").format(name=path.name)
            along = _along(chosen) if exported.is_made else ""
            more = f"{along} {exported.remark}".strip()
            self._ctx.notices.info(words, more, key=f"{self._ctx.plugin}.save")

        save_as(
            self._ctx,
            tr("Save as"),
            file_stem(artifact.title, tr("result")) + suffixes[0],
            suffixes,
            write,
            trouble=self._parts.trouble,
            done=report,
        )

    def fill_targets(self, menu: QMenu) -> None:
        """Add an entry for each action of a plugin on it, and for each other page that takes it."""
        result = self._parts.current()
        if result is None:
            return
        for title, icon, act in self._ctx.actions(result.artifact):
            menu.addAction(self._ctx.ui.icon(icon), title, act)
        for title, send in self._ctx.send_to(result.artifact):
            if title != self._parts.page:
                words = tr("Send to {page}").format(page=title)
                menu.addAction(self._ctx.ui.icon("send"), words, send)


def _along(chosen: Disclosure) -> str:
    """Return what went along with a file."""
    return {
        Disclosure.FULL: tr("With its recipe; Settings can change that."),
        Disclosure.LABEL: tr("With a label that it was made with AI, and nothing else."),
        Disclosure.NOTHING: tr("Without a label that it was made with AI."),
    }[chosen]
