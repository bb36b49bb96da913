"""Commands of the chat page for the palette and the keyboard."""

from __future__ import annotations

from studio.api import PageAction
from studio.api.window.language import tr
from studio_chat.pages.page import ChatPage


def page_actions(page: ChatPage) -> list[PageAction]:
    """Return the actions of ``page``, each with its keys."""
    rows = (
        ("new", tr("New conversation"), lambda: page.new(), "square-pen", "Ctrl+N"),
        (
            "private",
            tr("New private conversation"),
            lambda: page.new(private=True),
            "lock",
            "Ctrl+Shift+N",
        ),
        ("search", tr("Search conversations"), page.search, "search", "Ctrl+F"),
        ("copy", tr("Copy last answer"), page.copy_last, "copy", "Ctrl+Shift+C"),
        ("again", tr("Regenerate"), page.regenerate, "refresh-cw", "Ctrl+R"),
        ("memory", tr("Memory…"), page.dialogs.show_memory, "list-checks", ""),
        ("compare", tr("Compare answers…"), page.dialogs.compare, "columns-2", "Ctrl+Shift+M"),
        ("study", tr("Study a topic or a text…"), page.dialogs.study, "book-open", "Ctrl+Shift+L"),
        ("stop", tr("Stop the answer"), lambda: page.session.stop(), "circle-stop", ""),
        ("edit", tr("Edit my last message"), page.edit_last, "pencil", "Ctrl+E"),
        ("export", tr("Export conversation…"), page.export, "download", ""),
        ("project", tr("New project…"), page.list.projects.new, "folder-plus", ""),
        ("import", tr("Import conversations…"), page.list.imports.ask, "upload", ""),
        ("prompts", tr("Saved prompts…"), page.dialogs.edit_prompts, "bookmark", "Ctrl+Shift+P"),
        ("rename", tr("Rename conversation"), page.title.edit, "text-cursor-input", ""),
        (
            "before",
            tr("Previous version"),
            lambda: page.switch(-1),
            "chevron-left",
            "Alt+Left",
        ),
        (
            "after",
            tr("Next version"),
            lambda: page.switch(1),
            "chevron-right",
            "Alt+Right",
        ),
        (
            "list",
            tr("Show or hide conversations"),
            page.toggle_list,
            "panel-left",
            "Ctrl+B",
        ),
        (
            "end",
            tr("Jump to latest message"),
            page.thread_view.to_bottom,
            "arrow-down",
            "Ctrl+End",
        ),
        (
            "start",
            tr("Jump to first message"),
            page.thread_view.to_top,
            "arrow-up",
            "Ctrl+Home",
        ),
        ("write", tr("Write a message"), page.composer.field.setFocus, "pencil", "Ctrl+L"),
    )
    return [PageAction(f"chat.{id}", title, run, icon, keys) for id, title, run, icon, keys in rows]
