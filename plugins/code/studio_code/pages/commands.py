"""Commands of the code page for the palette and shortcuts."""

from __future__ import annotations

from functools import partial

from studio.api import PageAction
from studio.api.window.language import tr
from studio_code.pages.page import CodePage


def page_actions(page: CodePage) -> list[PageAction]:
    """Return the actions of ``page``, each with its keys."""
    area, find, workspace = page.editor_area, page.editor_area.find_bar, page.workspace
    rows = (
        ("write", tr("Generate from a description"), page.write, "sparkles", "Ctrl+Return"),
        ("stop_job", tr("Stop"), page.writing.runner.stop, "circle-stop", "Alt+."),
        ("open", tr("Open a folder"), page.pick_folder, "folder-open", "Ctrl+O"),
        ("file", tr("Open a file by name"), page.quick.open_files, "file-search", "Ctrl+P"),
        ("new", tr("New file"), page.new_file, "plus", "Ctrl+N"),
        ("save", tr("Save"), page.save, "save", "Ctrl+S"),
        ("save_as", tr("Save as…"), page.save_as, "save", "Ctrl+Shift+S"),
        ("save_all", tr("Save all"), page.save_all, "save", "Ctrl+Alt+S"),
        ("close", tr("Close the file"), page.close_current, "x", "Ctrl+W"),
        ("reopen", tr("Reopen closed unsaved file"), page.session.reopen, "history",
         "Ctrl+Shift+T"),
        ("next", tr("Next file"), partial(area.tabs.step, 1), "chevron-right", "Ctrl+PgDown"),
        ("before", tr("Previous file"), partial(area.tabs.step, -1), "chevron-left", "Ctrl+PgUp"),
        ("find", tr("Find in the file"), find.open_bar, "search", "Ctrl+F"),
        ("replace", tr("Replace in the file"), partial(find.open_bar, replace=True), "repeat",
         "Ctrl+H"),
        ("find_next", tr("Find next"), partial(find.step, 1), "arrow-down", "F3"),
        ("find_before", tr("Find previous"), partial(find.step, -1), "arrow-up", "Shift+F3"),
        ("find_folder", tr("Find in the folder"), page.find_in_folder, "folder-search",
         "Ctrl+Shift+F"),
        ("definition", tr("Go to the definition"), page.go_to_definition, "corner-down-right",
         "F12"),
        ("references", tr("Find references"), page.find_references, "list-tree", "Shift+F12"),
        ("problems", tr("Problems in the folder"), partial(page.show_pane, "problems"),
         "circle-alert", "Ctrl+Shift+M"),
        ("git", tr("Changes in git"), partial(page.show_pane, "git"), "git-branch",
         "Ctrl+Shift+G"),
        ("line", tr("Go to line"), page.ask_line, "hash", "Ctrl+G"),
        ("run", tr("Run file"), partial(workspace.run_asked.emit, "run"), "play", "F5"),
        ("test", tr("Run the tests"), partial(workspace.run_asked.emit, "test"), "test-tube",
         "Shift+F5"),
        ("words", tr("Complete the word"), page.completion.show_words, "list", "Ctrl+Space"),
        ("complete", tr("Suggest code at the cursor"), page.completion.ask, "sparkles", "Alt+\\"),
        ("ask", tr("Ask about the open files"), page.show_ask, "message-square", "Ctrl+L"),
        ("plan", tr("Plan a change over several files"), page.show_plan, "list-checks",
         "Ctrl+Shift+L"),
        ("tree", tr("Show or hide the files"), page.toggle_files, "panel-left", "Ctrl+B"),
        ("dock", tr("Show or hide ask, plan and run"), page.toggle_dock, "panel-bottom", "Ctrl+`"),
        ("changes", tr("Changes by the model"), page.show_changes, "history", ""),
        ("larger", tr("Increase font size"), partial(area.zoom_by, 1), "zoom-in", "Ctrl+="),
        ("smaller", tr("Decrease font size"), partial(area.zoom_by, -1), "zoom-out", "Ctrl+-"),
        ("usual", tr("Reset font size"), partial(area.zoom_by, 0), "type", "Ctrl+0"),
        ("wrap", tr("Wrap long lines"), page.toggle_wrap, "corner-down-left", "Alt+Z"),
    )  # fmt: skip
    return [PageAction(f"code.{id}", title, run, icon, keys) for id, title, run, icon, keys in rows]
