"""Export from the gallery: format, and amount of provenance in the file."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget, QWidgetAction

from studio.api.window.language import tr
from studio.base.disk import explain
from studio.desktop.pages.disclosure_choice import DisclosureChoice
from studio.desktop.pages.exporters import ExportFormat, formats
from studio.desktop.pages.gallery.details import Details
from studio.library.export import called, file_name
from studio.library.provenance.exporter import Exported, Exporter
from studio.protocol.errors import StudioError

_WIDTH = 330


def ask(details: Details, button: QWidget) -> None:
    """Show the formats below ``button``, and the choice of what goes along."""
    parts, artifact = details.parts, details.artifact
    menu = parts.ui.menu(button)
    as_is = tr("Original ({suffix})").format(suffix=artifact.suffix)
    menu.addAction(as_is, partial(export_to, details, button))
    for other in formats(parts, artifact):
        menu.addAction(other.suffix, partial(_export_as, details, other))
    menu.addSeparator()
    choice = QWidgetAction(menu)
    choice.setDefaultWidget(_choice(details))
    menu.addAction(choice)
    menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


def _choice(details: Details) -> QWidget:
    look = details.parts.ui.look
    room = QWidget()
    column = QVBoxLayout(room)
    column.setContentsMargins(12, 6, 12, 10)
    column.setSpacing(8)
    column.addWidget(look.label(tr("What the file says about how it was made"), "small"))
    column.addWidget(DisclosureChoice(look, details.parts.studio.settings, _WIDTH))
    return room


def _exporter(details: Details) -> Exporter:
    studio = details.parts.studio
    return Exporter(studio.library, studio.paths, studio.settings)


def _export_as(details: Details, other: ExportFormat) -> None:
    """Let a plugin write the file in its format, then say in it how it was made."""
    parts, id = details.parts, details.artifact.id
    name = file_name(called(details.artifact), other.suffix)
    path = parts.ui.save_file(tr("Export"), name, [other.suffix])
    if path is None:
        return
    try:
        scratch = tempfile.TemporaryDirectory(prefix=".export-", dir=path.parent)
    except OSError as error:
        details.tell(explain(error, "export the result", path.parent))
        return
    copy, exporter = Path(scratch.name, path.name), _exporter(details)
    disclosure = exporter.disclosure  # what it is now, not when its turn comes

    def dress() -> Exported:
        with scratch:
            return exporter.to_file(id, path, disclosure, partial(os.replace, copy))

    with suppress(StudioError):  # the host has told the user already, and named the plugin
        other.write(copy)
        parts.background.run(dress, partial(_told, details), details.tell)
        return
    scratch.cleanup()


def export_to(details: Details, parent: QWidget) -> None:
    """Ask for a folder, and copy the artifact there."""
    id = details.artifact.id
    folder = QFileDialog.getExistingDirectory(parent, tr("Export to"))
    if folder:
        exporter = _exporter(details)
        disclosure = exporter.disclosure  # what it is now, not when its turn comes
        details.parts.background.run(
            lambda: exporter.to_folder(id, Path(folder), disclosure),
            partial(_told, details),
            details.tell,
        )


def _told(details: Details, exported: Exported) -> None:
    words = " ".join(filter(None, (str(exported.path), exported.remark)))
    details.parts.studio.notices.info(tr("Exported."), words, key="export")
