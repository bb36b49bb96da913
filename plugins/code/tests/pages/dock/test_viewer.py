"""Code in the gallery, and the evidence behind its chip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidget

from studio.api import Check, SavedArtifact, Verdict
from studio_code.pages.evidence.evidence import evidence_of_run, read_evidence
from studio_code.pages.evidence.sheet import EvidenceSheet
from studio_code.plugin import studio_viewers

CODE = "def mean(values):\n    if not values:\n        raise ValueError\n    return sum(values)\n"
VERDICT = {
    "passed": False,
    "ran": True,
    "tests": {"passed": 5, "failed": 2, "errors": 0},
    "coverage": {"lines": 4, "covered": 3, "missing": [3]},
    "mutants": {"made": 6, "killed": 5, "survived": [{"line": 4, "what": "+ became −"}]},
    "tier": "B",
    "checks": [{"name": "Tests", "passed": False, "evidence": "5/7 tests"}],
}
TRIES = [
    {
        "candidate": 1,
        "round": n,
        "code": f"try = {n}",
        "passed": n == 1,
        "summary": "",
        "output": "o",
    }
    for n in range(2)
]


def viewer(desk: Any, path: Path, **more: Any) -> Any:
    saved = SavedArtifact("x", "code", "Mean", "", path, **more)
    shown = desk.put(studio_viewers(desk.ctx)["code"](saved))
    desk.until(lambda: shown.words.text() != "Reading…")
    return shown


def test_code_is_shown_with_its_verdict(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    meta = {"language": "python", "path": "stats.py", "verdict": VERDICT, "tries": TRIES}
    shown = viewer(desk, tmp_path / "a.py", meta=meta)
    assert shown.code.toPlainText() == CODE
    assert shown.chip.words == "ran · 2 of 7 tests failed · 75% coverage · 5/6 mutants"
    assert shown.words.text() == "stats.py"
    desk.until(lambda: bool(shown.code._colors.runs))
    shown.copy.click()


def test_a_result_of_another_plugin_shows_its_checks(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "a.go").write_text("package a\n")
    verdict = Verdict((Check("Syntax", True, "parses"),))
    shown = viewer(desk, tmp_path / "a.go", verdict=verdict)
    assert shown.words.text() == "Go"
    assert shown.chip.words == "not run"
    assert shown.chip.evidence.checks[0].evidence == "parses"


def test_a_file_that_is_gone_is_a_sentence(desk: Any, tmp_path: Path) -> None:
    shown = viewer(desk, tmp_path / "gone.py")
    assert "cannot be read: No such file" in shown.words.text()
    assert not shown.chip.isVisible()


@pytest.fixture
def sheet(desk: Any) -> EvidenceSheet:
    evidence = read_evidence(VERDICT, tries=TRIES, code=CODE, tests="def test(): ...", path="s.py")
    return EvidenceSheet(desk.ctx, evidence, desk.window, desk.workspace.goto)


def test_the_sheet_shows_all_there_is(desk: Any, sheet: EvidenceSheet) -> None:
    titles = [sheet.tabs.tabText(n) for n in range(sheet.tabs.count())]
    assert titles == ["Checks", "Tests", "Lines and mutants", "Attempts (2)"]
    tries = sheet.tabs.widget(3)
    assert tries.list.currentRow() == 1
    tries.list.setCurrentRow(0)
    assert tries._code.toPlainText() == "try = 0"
    checks = sheet.tabs.widget(0)
    assert checks.topLevelItem(0).text(0) == "Tests: fails"
    sheet.open()
    desk.qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_the_sheet_lists_what_the_request_states(desk: Any) -> None:
    rows = [
        {"text": "f(3) == 9", "kind": "example", "test": "test_example_1", "passed": True},
        {"text": "no leading zeros", "kind": "rule", "test": "test_rule_1", "passed": False},
        {"text": "ignore case", "kind": "rule", "test": "", "passed": False},
    ]
    agreed = {"versions": 6, "agreeing": 4, "inputs": 80}
    verdict = VERDICT | {"state": "doubtful", "requirements": rows, "agreement": agreed}
    sheet = EvidenceSheet(desk.ctx, read_evidence(verdict), desk.window, None)
    assert sheet.tabs.tabText(0) == "Requirements"
    tree = sheet.tabs.widget(0)
    found = [[tree.topLevelItem(n).text(column) for column in (0, 1)] for n in range(3)]
    assert found == [
        ["f(3) == 9", "passes"], ["no leading zeros", "fails"], ["ignore case", "no test"]
    ]  # fmt: skip


def test_lines_of_a_run_lead_to_the_first_that_no_test_reached(desk: Any) -> None:
    desk.open("stats.py", CODE)
    files = [{"path": "stats.py", "lines": 9, "covered": 5, "missing": [2, 4, 5, 6]}]
    result = {"tests": [], "coverage": {"lines": 9, "covered": 5, "missing": [], "files": files}}
    evidence = evidence_of_run(result, "stats.py")
    sheet = EvidenceSheet(desk.ctx, evidence, desk.window, desk.workspace.goto)
    (tree,) = sheet.tabs.widget(0).findChildren(QTreeWidget)
    item = tree.topLevelItem(0)
    assert [item.text(n) for n in range(3)] == ["stats.py", "5/9", "2, 4–6"]
    with desk.qtbot.waitSignal(desk.workspace.goto_asked) as went:
        tree.itemActivated.emit(item, 0)
    assert went.args == ["stats.py", 2]
