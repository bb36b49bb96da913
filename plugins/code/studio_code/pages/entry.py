"""The page of code as the window takes it: with panel, commands, and what fills it anew."""

from __future__ import annotations

from functools import partial

from studio.api import Page, PluginContext, UsedSettings, read_regular
from studio_code.pages.commands import page_actions
from studio_code.pages.editor.languages import language_of
from studio_code.pages.files.text_format import decode
from studio_code.pages.page import CodePage


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = CodePage(ctx)
    return Page(
        page,
        panel=page.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.arriving.accept,
        actions=page_actions(page),
        focus=page.focus,
        reuse=partial(reuse, page),
        run=page.write,
    )


_WORDS = {"code.ask": "question", "code.fix": "error"}


def reuse(page: CodePage, used: UsedSettings) -> None:
    """Fill the panel for a text that was written, else the conversation beside the editor."""
    if used.task == "code.write":
        page.panel.form.set_values(used.params)
        return
    if used.task in ("code.plan", "code.edit"):
        page.show_plan()
        page.dock.plan.take_words(used.prompt("prompt"))
        return
    page.show_ask()
    page.dock.ask.take_weights(str(used.params.get("weights") or ""))

    def read() -> tuple[str, str]:
        words = used.prompt(_WORDS[used.task]) if used.task in _WORDS else ""
        file = used.inputs.get("text")
        return words, decode(read_regular(file), file.name).text if file is not None else ""

    def show(result: tuple[str, str]) -> None:
        words, text = result
        if words:
            page.dock.ask.take_words(words)
        path = str(used.params.get("path") or used.params.get("open_path") or "")
        there = page.workspace.find(path)
        if there is not None:
            page.workspace.set_current(there)
        elif text:
            page.workspace.new(text, language_of(path).id, path)

    page.workspace.work_queue.do(read, show, page.tell)
