"""The page of molecules in a real studio with a scripted runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from PySide6.QtCore import Qt

from studio.api import BadInput, ErrorCode, Page, StudioError
from studio.testing.page_desk import PageDesk
from studio.testing.scripted import (
    Artifact,
    Fail,
    Line,
    Result,
    ScriptedRuntime,
)
from studio_molecules.molecule import Molecule, to_csv
from studio_molecules.pages.page import build
from studio_molecules.tasks import conversion

SVG = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><rect width='9' height='9'/></svg>"
SHAPE = {
    "symbols": ["C", "O", "H"],
    "places": [[0, 0, 0], [1.4, 0, 0], [-1, 0, 0]],
    "bonds": [(0, 1, 1), (0, 2, 1)],
    "middle": [2, 2, 3],
}


def table(count: int = 6, meta: dict[str, Any] | None = None, **more: float) -> Artifact:
    """Return a table: chains of carbon, each the child of the one before."""
    rows = [
        Molecule(
            "C" * length,
            f"chain {length}",
            parent="C" * (length - 1),
            operation="atom added",
            seed=5,
            figures={"mw": 2.0 + 14 * length, "logp": float(length % 3), "qed": 1 / length} | more,
        )
        for length in range(1, count + 1)
    ]
    return Artifact(
        "molecules",
        to_csv(rows),
        ".csv",
        title=f"{count} chains",
        meta={"faults": [], **(meta or {})},
    )


class Chemist(ScriptedRuntime):
    """Draws, folds and matches by itself; other tasks follow their scripts."""

    notices: dict[str, str] = {}
    refused = ""
    broken = False

    def next_script(self) -> tuple[Line, ...]:
        asked = self.submitted[-1]
        table = self.inputs_of(asked).json("smiles", list[str], [])
        smiles = asked.params.get("smiles") or table
        match asked.task:
            case "molecules.draw":
                if self.broken:
                    return (Fail(StudioError(ErrorCode.RUNTIME_LOST, "It ended.")),)
                if self.refused and self.refused in smiles:
                    return (Fail(BadInput("That cannot be drawn.")),)
                notices = [self.notices.get(each, "") for each in smiles]
                told = {"figure": 1.25, "strongest": 0.5, "exact": True, "values": []}
                by_atom = [told] * len(smiles) if asked.params.get("by_atom") else []
                svgs = [SVG] * len(smiles)
                return (Result(svgs=svgs, notices=notices, shared=1, by_atom=by_atom),)
            case "molecules.convert":
                return (self._converted(self.inputs_of(asked).text("structure"), asked.params),)
            case "molecules.shape":
                return (Result(**SHAPE),)
            case "molecules.match":
                found = [n for n, each in enumerate(smiles) if asked.params["pattern"] in each]
                return (Result(matches=found),)
        return super().next_script()

    def _converted(self, structure: str, params: Mapping[str, Any]) -> Line:
        try:
            query, clean = bool(params.get("query")), bool(params.get("clean"))
            return Result(**asdict(conversion.notations(structure, query=query, clean=clean)))
        except StudioError as error:
            return Fail(error)

    def asked(self, task: str) -> list[Any]:
        return [each for each in self.submitted if each.task == task]


class Desk(PageDesk):
    plugin = "molecules"
    capabilities = {"smiles": "smiles", "docking": "docking-targets"}
    runtime_type = Chemist

    def build(self) -> Page:
        return build(self.ctx)

    def idle(self) -> bool:
        return self.page.structures.idle

    def show(self, made: Artifact | None = None, rows: int = 6) -> None:
        """Generate, and wait until the table is in view."""
        self.runtime.enqueue(made or table(rows))
        self.run()
        self.until_over()
        self.until(lambda: len(self.page.collection.rows) > 0)

    def export(self, suffix: str, scope: str = "") -> None:
        """Choose what leaves and in which format; where to is ``target``."""
        if self.page.molecules.dialog is None or not self.page.molecules.dialog.isVisible():
            self.page.molecules.save_as()
        dialog = self.page.molecules.dialog
        dialog.choose(suffix)
        if scope:
            dialog.scopes[scope].setChecked(True)
        dialog.accept()

    def shown(self) -> list[str]:
        rows = self.page.collection.rows
        return [rows.molecules[row].smiles for row in self.page.collection.shown]

    def click_cell(self, row: int) -> None:
        view = self.page.browser.table
        index = self.page.browser.model.index(row, 1)
        view.scrollTo(index)
        at = view.visualRect(index).center()
        self.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
