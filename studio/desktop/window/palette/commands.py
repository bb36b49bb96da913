"""Everything a person can do, as lines of the command palette. Collected when the palette opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from studio.api.artifacts import SavedArtifact
from studio.api.window.context import PageAction
from studio.api.window.language import tr
from studio.desktop.appearance.theme import ThemeMode
from studio.desktop.window.page_registry import OWN, PageRegistry
from studio.desktop.window.palette.palette import Command
from studio.guide import Guide
from studio.library.saved_artifact import saved_artifact

_RECENT = 30


@dataclass(frozen=True)
class ShellAction:
    """Something the window itself can do; not in the palette if another line does the same."""

    id: str
    title: str
    run: Callable[[], object]
    icon: str
    shortcut: str = ""
    in_palette: bool = True


class Commands:
    """Collects commands from the window, its pages, the library and the guide."""

    def __init__(
        self,
        workspace: PageRegistry,
        shell: Sequence[ShellAction],
        guide: Guide,
        show_help: Callable[[str], None],
    ) -> None:
        self._workspace, self._guide, self._show_help = workspace, guide, show_help
        self.shell = shell

    def collect(self) -> list[Command]:
        """Return all commands there are now, the likeliest first."""
        return [
            *self._page_actions(),
            *self._pages(),
            *(self._shell_command(a) for a in self.shell if a.in_palette),
            *self._conversations(),
            *self._artifacts(),
            *self._help(),
        ]

    def page_actions(self) -> list[tuple[str, PageAction]]:
        """Return (page id, action) of the pages that exist, the page in view first."""
        pages = self._workspace.window.pages
        built = pages.built()
        order = sorted(built, key=lambda page_id: page_id != pages.current)
        return [(page_id, action) for page_id in order for action in built[page_id].actions]

    def actions_here(self) -> list[PageAction]:
        """Return the actions of the page in view."""
        here = self._workspace.window.pages.current
        return [action for page_id, action in self.page_actions() if page_id == here]

    def _page_actions(self) -> list[Command]:
        commands = []
        for page_id, action in self.page_actions():
            spec = self._workspace.window.pages.spec(page_id)
            commands.append(
                Command(
                    f"action:{action.id}",
                    action.title,
                    self._on_page(page_id, action),
                    action.icon or "zap",
                    spec.title if spec else "",
                    action.shortcut,
                )
            )
        return commands

    def _on_page(self, page_id: str, action: PageAction) -> Callable[[], None]:
        def run() -> None:
            self._workspace.open(page_id)
            action.run()

        return run

    def _pages(self) -> list[Command]:
        buttons = self._workspace.window.rail.buttons()
        return [
            Command(
                f"page:{button.spec.id}",
                button.spec.title,
                partial(self._workspace.window.go_to, button.spec.id),
                button.spec.icon,
                tr("Page"),
                button.keys,
                words=tr("open go to"),
            )
            for button in buttons
        ]

    def _shell_command(self, action: ShellAction) -> Command:
        return Command(
            f"shell:{action.id}",
            action.title,
            action.run,
            action.icon,
            tr("Application"),
            action.shortcut,
        )

    def _conversations(self) -> list[Command]:
        target = self._taker("conversation")
        if target is None:
            return []
        conversations = self._workspace.studio.library.conversations.list(limit=_RECENT)
        return [
            Command(
                f"conversation:{c.id}",
                c.title or tr("Untitled conversation"),
                partial(target, SavedArtifact(c.id, "conversation", c.title, "", Path())),
                "message-square",
                tr("Conversation"),
                color="kind-conversation",
            )
            for c in conversations
        ]

    def _artifacts(self) -> list[Command]:
        library = self._workspace.studio.library
        target = self._taker("artifact")
        commands = []
        for artifact in library.find(limit=_RECENT):
            icon, color = self._workspace.window.look.kinds.icon(artifact.kind)
            saved = saved_artifact(library, artifact)
            run = partial(target, saved) if target else self._gallery
            title = artifact.title or artifact.text[:60] or artifact.kind
            commands.append(
                Command(f"artifact:{artifact.id}", title, run, icon, tr("Result"), color=color)
            )
        return commands

    def _help(self) -> list[Command]:
        titles = {topic.id: topic.title for topic in self._guide.topics}
        return [
            Command(
                f"help:{section.address}",
                section.title,
                partial(self._show_help, section.address),
                "circle-question-mark",
                tr("Help"),
                words=titles[section.topic],
            )
            for section in self._guide.headings()
        ]

    def _gallery(self) -> None:
        self._workspace.window.go_to(f"{OWN}gallery")

    def _taker(self, kind: str) -> Callable[[SavedArtifact], None] | None:
        """Return what opens an artifact: the gallery, or the first page that takes the kind."""
        workspace = self._workspace
        for spec in workspace.specs():
            wanted = spec.id == f"{OWN}gallery" if kind == "artifact" else kind in spec.accepts
            if wanted:
                return partial(workspace.send, spec)
        return None


def theme_actions(set_mode: Callable[[ThemeMode], None]) -> list[ShellAction]:
    """Return the commands that change the theme."""
    return [
        ShellAction("theme-dark", tr("Theme: dark"), lambda: set_mode(ThemeMode.DARK), "moon"),
        ShellAction("theme-light", tr("Theme: light"), lambda: set_mode(ThemeMode.LIGHT), "sun"),
        ShellAction(
            "theme-system",
            tr("Theme: match system"),
            lambda: set_mode(ThemeMode.SYSTEM),
            "sun-moon",
        ),
    ]
