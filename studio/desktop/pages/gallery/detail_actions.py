"""Actions of the details panel. To add one: a function, and its entry in a list below."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QWidget

from studio.api.window.language import tr
from studio.automation.workflows.document import Workflow
from studio.automation.workflows.family import with_ancestors, workflow_of
from studio.desktop.pages.gallery import export_menu
from studio.desktop.pages.gallery.details import Action, DetailAction, Details
from studio.desktop.pages.gallery.family_tree import show_family_tree
from studio.desktop.pages.gallery.run_again import run_again


def _run_again(details: Details) -> DetailAction | None:
    return DetailAction(
        tr("Recreate exactly"),
        "refresh-cw",
        lambda at: run_again(details.parts, details.artifact.id, at, details.changed),
        tr("Recreates it exactly, and says whether the new result is the same"),
        enabled=details.record is not None,
    )


def _family_tree(details: Details) -> DetailAction | None:
    return DetailAction(
        tr("Family tree"),
        "git-fork",
        lambda at: _show_family(details, at),
        tr("What it was made from, and what came of it"),
    )


def _reuse(details: Details) -> DetailAction | None:
    return _settings_action(
        details, tr("Reuse settings"), "history", tr("Fills its page as it was made"), remix=False
    )


def _remix(details: Details) -> DetailAction | None:
    words = tr("Fills its page as it was made, with a new seed")
    return _settings_action(details, tr("Remix"), "dices", words, remix=True)


def _settings_action(
    details: Details, title: str, icon: str, words: str, *, remix: bool
) -> DetailAction | None:
    record = details.record
    if record is None:
        return None
    library, id = details.parts.studio.library, details.artifact.id
    reuse = details.parts.ui.reuse
    return DetailAction(title, icon, lambda _: reuse(record, library.inputs(id), remix), words)


def _show_family(details: Details, at: QWidget) -> None:
    show_family_tree(details.parts, details.artifact.id, at, details.open)


def _make_workflow(details: Details) -> DetailAction | None:
    return DetailAction(
        tr("Make a workflow"),
        "workflow",
        lambda _: _show_workflow(details),
        tr("The steps that led to this, to run them on other inputs"),
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
    return DetailAction(tr("Export…"), "download", partial(export_menu.ask, details))


def to_bin_or_back(details: Details) -> DetailAction:
    """Return what moves it to the bin, or out of it."""
    id = details.artifact.id
    if details.artifact.binned_at is None:
        return DetailAction(tr("Move to bin"), "trash-2", lambda _: move_to_bin(details))
    restore = partial(details.do, lambda library: library.restore(id))
    return DetailAction(tr("Restore"), "archive-restore", lambda _: restore())


ACTIONS: tuple[Action, ...] = (_run_again, _reuse, _export)
"""What is done most, as buttons."""
MORE: tuple[Action, ...] = (_remix, _family_tree, _make_workflow)
"""In a menu; below them come the pages that take the artifact, and actions of plugins."""


def uses(details: Details) -> list[tuple[str, str, Callable[[], None]]]:
    """Return (title, icon, call) of each page that takes it, and of each plugin's action."""
    saved, words = details.saved, tr("Send to {page}")
    sends = details.parts.ui.send_to(saved)
    entries = [(words.format(page=title), "arrow-right", send) for title, send in sends]
    return [*entries, *details.parts.ui.actions_on(saved)]


def star(details: Details) -> DetailAction:
    """Return what stars the artifact, or takes its star away."""
    id, starred = details.artifact.id, details.artifact.starred
    title = tr("Remove star") if starred else tr("Add star")
    return DetailAction(
        title, "star", lambda _: details.do(lambda library: library.star(id, not starred))
    )


# --- the bin ------------------------------------------------------------------------------------


def move_to_bin(details: Details) -> None:
    """Move it to the bin, and offer to undo that."""
    id = details.artifact.id
    details.do(lambda library: library.bin(id))
    details.parts.studio.notices.offer(
        tr("Moved to the bin."),
        tr("Undo"),
        lambda: details.do(lambda library: library.restore(id)),
        key=f"bin-{id}",
    )
