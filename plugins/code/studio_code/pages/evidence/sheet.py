"""The evidence behind a chip: checks, tests, lines, faults, tries, sandbox. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSplitter,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.editor.code_text import CodeText
from studio_code.pages.evidence.evidence import Evidence, Try
from studio_code.pages.evidence.phrases import (
    LEVEL_ICONS,
    OUTCOME_ICONS,
    coverage_words,
    figure_words,
    level_words,
    mutant_words,
    ranges_words,
    reason_words,
    requirement_words,
    tier_words,
    try_words,
)

Goto = Callable[[str, int], None]
_SIZE = QSize(820, 600)


class EvidenceSheet(QDialog):
    """A window of its own, over the page.

    Attributes:
        tabs: What there is to see; parts without evidence are left out.
    """

    def __init__(
        self,
        ctx: PluginContext,
        evidence: Evidence,
        parent: QWidget,
        goto: Goto | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._ctx, self._evidence, self._goto = ctx, evidence, goto
        self.setWindowTitle(tr("Evidence"))
        self.resize(_SIZE.boundedTo(parent.size()).expandedTo(QSize(560, 420)))
        self.tabs = QTabWidget()
        self.tabs.tabBar().setDrawBase(False)
        if evidence.requirements:
            self.tabs.addTab(self._requirements(), tr("Requirements"))
        if evidence.checks:
            self.tabs.addTab(self._checks(), tr("Checks"))
        if evidence.rows or evidence.tests:
            self.tabs.addTab(self._tests(), tr("Tests"))
        if evidence.lines or evidence.survived:
            self.tabs.addTab(self._lines(), tr("Lines and mutants"))
        if evidence.tries:
            title = tr("Attempts ({count})").format(count=len(evidence.tries))
            self.tabs.addTab(self._tries(), title)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addLayout(self._head())
        if words := reason_words(evidence):
            column.addWidget(_small(ctx, words))
        column.addWidget(_small(ctx, tier_words(evidence.tier)))
        if self.tabs.count():
            column.addWidget(self.tabs, 1)
        else:
            column.addWidget(_small(ctx, tr("No results were recorded.")), 1)
        column.addLayout(self._foot())

    def _head(self) -> QHBoxLayout:
        level = self._evidence.level
        icon = QLabel()
        icon.setPixmap(self._ctx.ui.icon(LEVEL_ICONS[level], level).pixmap(18, 18))
        title = self._ctx.ui.label(level_words(self._evidence), Role.HEADING)
        words = self._ctx.ui.label(figure_words(self._evidence), Role.MUTE)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(icon)
        row.addWidget(title)
        row.addSpacing(8)
        row.addWidget(words, 1)
        return row

    def _foot(self) -> QHBoxLayout:
        close = self._ctx.ui.button(tr("Close"), primary=True)
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(close)
        return row

    # --- the parts ----------------------------------------------------------------------------

    def _requirements(self) -> QWidget:
        """Return the list of requirements, each with its test."""
        tree = _tree(tr("Requirements"), [tr("Your request says"), tr("Result")])
        for requirement in self._evidence.requirements:
            icon, color = ("circle-check", "good") if requirement.passed else ("circle-x", "bad")
            if not requirement.test:
                icon, color = "circle-help", "warn"
            item = QTreeWidgetItem([requirement.text, requirement_words(requirement)])
            item.setIcon(0, self._ctx.ui.icon(icon, color))
            item.setToolTip(0, requirement.text)
            tree.addTopLevelItem(item)
        tree.resizeColumnToContents(0)
        tree.setColumnWidth(0, min(420, tree.columnWidth(0)))
        return tree

    def _checks(self) -> QWidget:
        tree = _tree(tr("Checks"), [tr("Check"), tr("Observed")])
        for check in self._evidence.checks:
            icon, color = ("circle-check", "good") if check.passed else ("circle-x", "bad")
            word = tr("passes") if check.passed else tr("fails")
            item = QTreeWidgetItem([f"{check.name}: {word}", check.evidence])
            item.setIcon(0, self._ctx.ui.icon(icon, color))
            item.setToolTip(1, check.evidence)
            tree.addTopLevelItem(item)
        tree.resizeColumnToContents(0)
        return tree

    def _tests(self) -> QWidget:
        page, column = _page()
        if self._evidence.rows:
            tree = _tree(tr("Tests"), [tr("Test"), tr("Output")])
            for row in self._evidence.rows:
                icon, color = OUTCOME_ICONS.get(row.outcome, ("circle-help", "mute"))
                item = QTreeWidgetItem([row.title, " ".join(row.message.split())])
                item.setIcon(0, self._ctx.ui.icon(icon, color))
                item.setToolTip(1, row.message)
                tree.addTopLevelItem(item)
            tree.resizeColumnToContents(0)
            tree.setColumnWidth(0, min(360, tree.columnWidth(0)))
            column.addWidget(tree, 1)
        if self._evidence.tests:
            code = CodeText(self._ctx, tr("The tests"))
            code.show_code(self._evidence.tests, "python")
            column.addWidget(code, 2)
        return page

    def _lines(self) -> QWidget:
        evidence = self._evidence
        page, column = _page()
        column.addWidget(_small(self._ctx, coverage_words(evidence)))
        if words := mutant_words(evidence):
            column.addWidget(_small(self._ctx, words))
        code = CodeText(self._ctx, tr("Lines not covered by tests are marked"))
        marks = dict.fromkeys(evidence.missing, "warn-soft")
        marks |= {mutant.line: "bad-soft" for mutant in evidence.survived}
        if evidence.survived:
            faults = self._survivors(code)
            column.addWidget(faults)
        if evidence.code:
            code.show_code(evidence.code, evidence.language, marks)
            column.addWidget(code, 1)
        else:
            column.addWidget(self._files(), 1)
        return page

    def _files(self) -> QWidget:
        """Return the files of a run; each row leads to its first line that no test reached."""
        tree = _tree(tr("Files"), [tr("File"), tr("Lines covered"), tr("Not covered")])
        for file in self._evidence.files:
            reached = f"{file.covered}/{file.lines}"
            item = QTreeWidgetItem([file.path, reached, ranges_words(file.missing)])
            icon, color = ("circle-check", "good") if not file.missing else ("circle-dot", "warn")
            item.setIcon(0, self._ctx.ui.icon(icon, color))
            item.setToolTip(2, ranges_words(file.missing))
            if file.missing:
                item.setData(0, Qt.ItemDataRole.UserRole, (file.path, file.missing[0]))
            tree.addTopLevelItem(item)
        for column in (0, 1):
            tree.resizeColumnToContents(column)
        tree.itemActivated.connect(lambda item, _column: self._leave_for(item))
        return tree

    def _survivors(self, code: CodeText) -> QWidget:
        tree = _tree(
            tr("Mutants that no test caught"), [tr("Line"), tr("Mutant that no test caught")]
        )
        tree.setMaximumHeight(34 + 28 * min(5, len(self._evidence.survived)))
        for mutant in self._evidence.survived:
            item = QTreeWidgetItem([str(mutant.line), mutant.what])
            item.setIcon(0, self._ctx.ui.icon("bug", "bad"))
            item.setToolTip(1, mutant.what)
            item.setData(0, Qt.ItemDataRole.UserRole, (self._evidence.path, mutant.line))
            tree.addTopLevelItem(item)
        tree.setColumnWidth(0, 80)
        tree.currentItemChanged.connect(
            lambda item, _before: code.go_to(item.data(0, Qt.ItemDataRole.UserRole)[1])
        )
        tree.itemActivated.connect(lambda item, _column: self._leave_for(item))
        return tree

    def _leave_for(self, item: QTreeWidgetItem) -> None:
        place = item.data(0, Qt.ItemDataRole.UserRole)
        if self._goto is not None and place:
            self._goto(*place)
            self.accept()

    def _tries(self) -> QWidget:
        return _Tries(self._ctx, self._evidence)


class _Tries(QSplitter):
    """List of attempts on the left; code and outcome of the selected one on the right."""

    def __init__(self, ctx: PluginContext, evidence: Evidence) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._ctx, self._evidence = ctx, evidence
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Attempts"))
        self.list.setIconSize(QSize(16, 16))
        self._summary = _small(ctx, "")
        self._code = CodeText(ctx, tr("Code of this attempt"))
        self._output = QPlainTextEdit()
        self._output.setReadOnly(True)
        self._output.setFont(ctx.ui.mono())
        self._output.setAccessibleName(tr("Output of this attempt"))
        right, column = _page()
        column.setContentsMargins(10, 8, 0, 0)
        column.addWidget(self._summary)
        column.addWidget(self._code, 3)
        column.addWidget(self._output, 2)
        self.addWidget(self.list)
        self.addWidget(right)
        self.setSizes([190, 580])
        self.setStretchFactor(1, 1)
        for number, attempt in enumerate(evidence.tries, start=1):
            icon, color = ("circle-check", "good") if attempt.passed else ("circle-x", "bad")
            item = QListWidgetItem(ctx.ui.icon(icon, color), try_words(number, attempt.passed))
            item.setToolTip(attempt.summary)
            self.list.addItem(item)
        self.list.currentRowChanged.connect(lambda row: self._show(evidence.tries[row]))
        self.list.setCurrentRow(len(evidence.tries) - 1)

    def _show(self, attempt: Try) -> None:
        words = tr("Attempt {candidate}, round {round}. {summary}")
        self._summary.setText(
            words.format(candidate=attempt.candidate, round=attempt.round, summary=attempt.summary)
        )
        self._code.show_code(attempt.code, self._evidence.language)
        self._output.setPlainText(attempt.output)
        self._output.setVisible(bool(attempt.output.strip()))


def _tree(name: str, titles: list[str]) -> QTreeWidget:
    tree = QTreeWidget()
    tree.setAccessibleName(name)
    tree.setHeaderLabels(titles)
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    return tree


def _page() -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 8, 0, 0)
    column.setSpacing(8)
    return page, column


def _small(ctx: PluginContext, words: str) -> QLabel:
    label = ctx.ui.label(words, Role.SMALL, wrap=True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
