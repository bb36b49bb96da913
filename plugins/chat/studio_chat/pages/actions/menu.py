"""The menu of actions on a text. Starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from studio.api import Ui
from studio.api.window.language import tr
from studio_chat.schema import LANGUAGES


@dataclass(frozen=True)
class TextAction:
    """A task with parameters that are given.

    Attributes:
        title: What a person reads in the menu and above the result.
        replaces: Whether its result stands for the text it was made from.
    """

    title: str
    icon: str
    task: str
    params: Mapping[str, Any] = field(default_factory=dict)
    replaces: bool = True


def text_actions() -> tuple[TextAction, ...]:
    """Return what stands in the menu itself."""
    return (
        TextAction(tr("Summarise"), "list-checks", "chat.summarise", replaces=False),
        TextAction(
            tr("Outline"), "list-tree", "chat.summarise", {"form": "outline"}, replaces=False
        ),
        TextAction(
            tr("Explain"), "book-open", "chat.rewrite", {"change": "explain"}, replaces=False
        ),
        TextAction(tr("Proofread"), "check-check", "chat.rewrite", {"change": "proofread"}),
    )


def rewrites() -> tuple[TextAction, ...]:
    """Return the ways to say the same differently."""
    entries = (
        ("shorter", tr("Shorter")),
        ("longer", tr("Longer")),
        ("simpler", tr("Simpler")),
        ("formal", tr("More formal")),
        ("friendly", tr("Friendlier")),
    )
    return tuple(
        TextAction(title, "pencil", "chat.rewrite", {"change": change}) for change, title in entries
    )


def translations() -> tuple[TextAction, ...]:
    """Return a translation to each language, sorted as the user reads them."""
    names = {
        "English": tr("English"),
        "German": tr("German"),
        "French": tr("French"),
        "Spanish": tr("Spanish"),
        "Italian": tr("Italian"),
        "Portuguese": tr("Portuguese"),
        "Dutch": tr("Dutch"),
        "Polish": tr("Polish"),
        "Swedish": tr("Swedish"),
        "Turkish": tr("Turkish"),
        "Ukrainian": tr("Ukrainian"),
        "Russian": tr("Russian"),
        "Arabic": tr("Arabic"),
        "Hindi": tr("Hindi"),
        "Chinese": tr("Chinese"),
        "Japanese": tr("Japanese"),
    }
    return tuple(
        TextAction(name, "languages", "chat.rewrite", {"change": "translate", "language": language})
        for language, name in sorted(
            ((code, names[code]) for code in LANGUAGES), key=lambda pair: pair[1]
        )
    )


def action_menu(ui: Ui, run: Callable[[TextAction], None]) -> Any:
    """Return the menu; ``run`` is called with the chosen action."""
    menu = ui.menu()
    for action in text_actions():
        menu.addAction(ui.icon(action.icon), action.title, partial(run, action))
    parts = (
        ("pencil", tr("Rewrite"), rewrites()),
        ("languages", tr("Translate to"), translations()),
    )
    for icon, title, actions in parts:
        part = menu.addMenu(ui.icon(icon), title)
        for action in actions:
            part.addAction(action.title, partial(run, action))
    return menu
