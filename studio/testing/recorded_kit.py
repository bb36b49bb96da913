"""The kit of a page under test: it remembers its parts, so that tests need not know their names."""

from __future__ import annotations

from typing import Any

from studio.desktop.kit.drop_target import DropTarget
from studio.desktop.kit.kept_results import KeptResults
from studio.desktop.kit.mode_forms import ModeForms
from studio.desktop.kit.page_kit import PageKit
from studio.desktop.kit.prompt_field import PromptField
from studio.desktop.kit.run_button import RunButton
from studio.desktop.kit.run_controller import RunController


class RecordedKit(PageKit):
    """Each list has the parts in the order in which the page made them.

    Attributes:
        runs, buttons, shelves, targets, switches, fields: Run controllers, run buttons, kept
            results, drop targets, modes, prompt fields.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.runs: list[RunController] = []
        self.buttons: list[RunButton] = []
        self.shelves: list[KeptResults] = []
        self.targets: list[DropTarget] = []
        self.switches: list[ModeForms] = []
        self.fields: list[PromptField] = []

    def run_controller(self, **parts: Any) -> RunController:
        """Remember it."""
        self.runs.append(super().run_controller(**parts))
        return self.runs[-1]

    def run_button(self, verb: str, icon: str = "play", **more: Any) -> RunButton:
        """Remember it."""
        self.buttons.append(super().run_button(verb, icon, **more))
        return self.buttons[-1]

    def results(self, key: str, **shown: Any) -> KeptResults:
        """Remember them."""
        self.shelves.append(super().results(key, **shown))
        return self.shelves[-1]

    def drop_target(self, *where: Any, **accepted: Any) -> DropTarget:
        """Remember it."""
        self.targets.append(super().drop_target(*where, **accepted))
        return self.targets[-1]

    def modes(self, *modes: Any) -> ModeForms:
        """Remember them."""
        self.switches.append(super().modes(*modes))
        return self.switches[-1]

    def prompt_field(self, name: str, **looks: Any) -> PromptField:
        """Remember it."""
        self.fields.append(super().prompt_field(name, **looks))
        return self.fields[-1]
