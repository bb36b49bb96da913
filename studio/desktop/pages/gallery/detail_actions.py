"""What the details panel can do with an artifact. To add an action: a function, and its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobRequest
from studio.api.window.work_queue import outcome
from studio.core.workflows.document import Workflow
from studio.core.workflows.family import with_ancestors, workflow_of
from studio.desktop.pages.gallery import export_menu
from studio.desktop.pages.gallery.details import Action, DetailAction, Details
from studio.desktop.pages.gallery.family_tree import show_family_tree
from studio.protocol.errors import StudioError


def _run_again(details: Details) -> DetailAction | None:
    return DetailAction(
        _tr("Run again"),
        "refresh-cw",
        lambda _: run_again(details),
        _tr("Runs it again with the same parameters and compares the results"),
        enabled=details.record is not None,
    )


def _family_tree(details: Details) -> DetailAction | None:
    return DetailAction(
        _tr("Family tree"),
        "git-fork",
        lambda at: _show_family(details, at),
        _tr("What it was made from, and what came of it"),
    )


def _show_family(details: Details, at: QWidget) -> None:
    show_family_tree(details.parts, details.artifact.id, at, details.open)


def _make_workflow(details: Details) -> DetailAction | None:
    return DetailAction(
        _tr("Make a workflow"),
        "workflow",
        lambda _: _show_workflow(details),
        _tr("The steps that led to this, to run them on other inputs"),
        enabled=details.record is not None,
    )


def _show_workflow(details: Details) -> None:
    studio = details.parts.studio
    library, plugins = studio.library, studio.plugins

    def made(workflow: Workflow) -> None:
        details.parts.ui.open_page("studio.workflows")
        studio.workflows.on_draft(workflow)

    def make() -> Workflow:
        return workflow_of(library, plugins, with_ancestors(library, details.artifact.id))

    details.parts.background.run(make, made, details.tell)


def _export(details: Details) -> DetailAction | None:
    return DetailAction(_tr("Export…"), "download", partial(export_menu.ask, details))


def _bin(details: Details) -> DetailAction | None:
    id = details.artifact.id
    if details.artifact.binned_at is None:
        return DetailAction(_tr("Move to bin"), "trash-2", lambda _: move_to_bin(details))
    restore = partial(details.do, lambda library: library.restore(id))
    return DetailAction(_tr("Restore"), "archive-restore", lambda _: restore())


ACTIONS: tuple[Action, ...] = (_run_again, _family_tree, _make_workflow, _export, _bin)
"""In reading order; below them come the pages that take the artifact, and actions of plugins."""


def uses(details: Details) -> list[tuple[str, str, Callable[[], None]]]:
    """Return (title, icon, call) of each page that takes it, and of each plugin's action."""
    saved, words = details.saved, _tr("Send to {page}")
    sends = details.parts.ui.send_to(saved)
    found = [(words.format(page=title), "arrow-right", send) for title, send in sends]
    return [*found, *details.parts.ui.actions_on(saved)]


def star(details: Details) -> DetailAction:
    """Return what stars the artifact, or takes its star away."""
    id, starred = details.artifact.id, details.artifact.starred
    title = _tr("Remove star") if starred else _tr("Add star")
    return DetailAction(
        title, "star", lambda _: details.do(lambda library: library.star(id, not starred))
    )


# --- run again ----------------------------------------------------------------------------------


def run_again(details: Details) -> None:
    """Run the recipe anew with what its job was handed, if that was kept."""
    record, library = details.record, details.parts.studio.library
    assert record is not None

    def start(inputs: dict[str, bytes] | StudioError) -> None:
        if isinstance(inputs, StudioError):
            details.parts.studio.notices.error(inputs, key="run-again")
            return
        title = details.artifact.title
        _start_again(details, JobRequest(record.task, record.params, title=title, inputs=inputs))

    details.parts.background.run(lambda: outcome(lambda: library.inputs_of(record)), start)


def _start_again(details: Details, request: JobRequest) -> None:
    """Run a recipe and compare the bytes."""
    studio = details.parts.studio
    notices, library = studio.notices, studio.library
    try:
        job = studio.submit(request)
    except StudioError as error:
        notices.error(error, key="run-again")
        return

    def compare(made: SavedArtifact) -> None:
        same = library.artifact(made.id).digest == details.artifact.digest
        notices.info(
            _tr("Run again: identical result.")
            if same
            else _tr("Run again: different result. Both are in the library."),
            key="run-again",
        )
        details.changed()

    job.on_artifact(compare)
    job.on_failed(lambda error: notices.error(error, key="run-again"))


# --- the bin ------------------------------------------------------------------------------------


def move_to_bin(details: Details) -> None:
    """Move it to the bin, and offer to undo that."""
    id = details.artifact.id
    details.do(lambda library: library.bin(id))
    details.parts.studio.notices.offer(
        _tr("Moved to the bin."),
        _tr("Undo"),
        lambda: details.do(lambda library: library.restore(id)),
        key=f"bin-{id}",
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("ArtifactDetail", text)
