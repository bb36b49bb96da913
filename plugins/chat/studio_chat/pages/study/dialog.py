"""The window of study: what to learn, a section and its question at a time, the score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from studio.api import JobHandle, JobRequest, PluginContext, Priority, Role, StudioError, WorkQueue
from studio_chat.pages.phrases import tr
from studio_chat.pages.study.progress import Given, Progress
from studio_chat.schema import Lesson

DRAFT = "study"
_FIELDS = ("topic", "text", "document", "sections", "questions")
_SIZE = QSize(680, 620)


class StudyDialog(QDialog):
    """Goes on where the last lesson was left, or asks what to learn. Return does the next thing."""

    def __init__(self, ctx: PluginContext, weights: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Study"))
        self.resize(_SIZE)
        self._ctx, self._weights = ctx, weights
        self.work_queue = WorkQueue(ctx)
        self.progress: Progress | None = None
        self._job: JobHandle | None = None
        self._marked: Given | None = None
        ui = ctx.ui
        self.form = ui.form(Lesson, only=_FIELDS)
        self.form.set_values({"text": text})
        self.view = ui.prose_view()
        self.question = ui.label("", Role.STRONG, wrap=True)
        self._choices = QWidget()
        self._column = QVBoxLayout(self._choices)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._group = QButtonGroup(self)
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Your answer"))
        self.told = ui.label("", wrap=True)
        self.row, self.trouble = ui.progress_row(), ui.trouble_row()
        self.go = ui.button(tr("Make a lesson"), "check", primary=True)
        self.go.setDefault(True)
        self.go.clicked.connect(self.next)
        self.anew = ui.button(tr("New lesson"), "plus")
        self.anew.clicked.connect(self._begin_anew)
        self.export = ui.button(tr("Export…"), "download")
        self.export.clicked.connect(self._export)
        self._lay_out()
        for part in (self.anew, self.export, *self._parts[1:], self.field, self.told):
            part.hide()
        self.work_queue.do(lambda: ctx.drafts.get(DRAFT), self._opened)

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        for button in (self.anew, self.export):
            button.setAutoDefault(False)
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 18)
        column.setSpacing(12)
        self._parts = (self.form.widget, self.view.widget, self.question, self._choices)
        for part in (*self._parts, self.field, self.told, self.row.widget, self.trouble.widget):
            column.addWidget(part)
        column.addStretch(1)
        column.addLayout(foot)

    # --- what is in view ----------------------------------------------------------------------

    def _opened(self, data: bytes | None) -> None:
        self.progress = None if self.form.values().get("text") else Progress.read(data)
        self._show()

    def _show(self) -> None:
        progress, self._marked = self.progress, None
        asks = progress is not None and bool(progress.todo)
        self.form.widget.setVisible(progress is None)
        self.view.widget.setVisible(asks)
        self.question.setVisible(progress is not None)
        self.anew.setVisible(progress is not None)
        self.export.setVisible(progress is not None)
        self.field.hide()
        self._choices.hide()
        self.told.clear()
        self.told.hide()
        self.go.setEnabled(True)
        if progress is None:
            self.go.setText(tr("Make a lesson"))
        elif asks:
            self._ask(progress)
        else:
            self._show_score(progress)

    def _ask(self, progress: Progress) -> None:
        at = progress.todo[0]
        section = progress.sections[at]
        self.view.set_text(f"## {section['title']}\n\n{section['summary']}")
        words = tr("Question {number} of {count}: {question}")
        count = len(progress.sections)
        self.question.setText(
            words.format(number=at + 1, count=count, question=section["question"])
        )
        for button in self._group.buttons():
            self._group.removeButton(button)
            button.deleteLater()
        for number, choice in enumerate(section["choices"], 1):
            button = QRadioButton(f"&{number}  {choice.replace('&', '&&')}")
            self._group.addButton(button, number - 1)
            self._column.addWidget(button)
        self._choices.setVisible(bool(section["choices"]))
        self.field.setVisible(not section["choices"])
        self.field.clear()
        (self._group.button(0) or self.field).setFocus()
        self.go.setText(tr("Check"))

    def _show_score(self, progress: Progress) -> None:
        words = tr("{points} of {count} points").format(
            points=f"{progress.score:g}", count=len(progress.sections)
        )
        self.question.setText(words)
        weak = [progress.sections[at] for at in progress.to_repeat]
        lines = [f"• {each['title']}: {each['answer']}" for each in weak]
        self._tell("\n".join([tr("To repeat:"), *lines]) if weak else tr("All of it is right."))
        self.go.setText(tr("Repeat these") if weak else tr("Close"))

    def _tell(self, words: str) -> None:
        self.told.setText(words)
        self.told.show()

    # --- what the user does -------------------------------------------------------------------

    def next(self) -> None:
        """Do what the button says: make the lesson, check, go on, repeat, close."""
        progress = self.progress
        self.trouble.hide()
        if progress is None:
            self._make()
        elif self._marked is not None:
            progress.answer(self._marked)
            self._keep()
            self._show()
        elif progress.todo:
            self._check(progress.sections[progress.todo[0]])
        elif progress.to_repeat:
            progress.repeat()
            self._keep()
            self._show()
        else:
            self.accept()

    def done(self, code: int) -> None:
        """Stop what is being written, and close."""
        if self._job is not None:
            self._job.cancel()
        super().done(code)

    def _make(self) -> None:
        values = {name: v for name, v in self.form.values().items() if name in _FIELDS}
        self._submit("chat.lesson", values, self._made)

    def _made(self, result: Mapping[str, Any]) -> None:
        sections = list(result["sections"])
        self.progress = Progress(
            sections[0]["title"], str(result["text"]), sections, {}, list(range(len(sections)))
        )
        self._keep()
        self._show()

    def _check(self, section: Mapping[str, Any]) -> None:
        if section["choices"]:
            chosen = self._group.checkedId()
            if chosen < 0:
                return
            answer = section["choices"][chosen]
            mark = "right" if answer == section["answer"] else "wrong"
            self._show_mark(Given(answer, mark, "", section["quote"]))
            return
        answer = self.field.text().strip()
        params = {
            "question": section["question"],
            "passage": section["passage"],
            "answer": answer,
        }
        self._submit(
            "chat.mark",
            params,
            lambda told: self._show_mark(Given(answer, told["mark"], told["why"], told["quote"])),
        )

    def _show_mark(self, given: Given) -> None:
        self._marked = given
        marks = {"right": tr("Right."), "partly": tr("Partly right."), "wrong": tr("Wrong.")}
        told = " ".join(filter(None, (marks[given.mark], given.why)))
        assert self.progress is not None, "a question of a lesson was answered"
        section = self.progress.sections[self.progress.todo[0]]
        if given.mark != "right":
            told += "\n" + tr("The answer: {answer}").format(answer=section["answer"])
        self._tell(f"{told}\n“{given.quote}”")
        self.go.setEnabled(True)
        self.go.setText(tr("Go on"))
        self.go.setFocus()

    def _submit(self, task: str, params: Mapping[str, Any], then: Any) -> None:
        request = JobRequest(
            task,
            {**params, "weights": self._weights},
            title=tr("Study"),
            priority=Priority.INTERACTIVE,
        )
        try:
            self._job = job = self._ctx.tasks.submit(request)
        except StudioError as error:
            self.trouble.tell(error)
            return
        self.go.setEnabled(False)
        self.row.follow(job)
        job.on_done(then)
        job.on_failed(self._failed)
        job.on_cancelled(lambda: self.go.setEnabled(True))

    def _failed(self, error: StudioError) -> None:
        self.go.setEnabled(True)
        self.trouble.tell(error, self.next)

    def _begin_anew(self) -> None:
        self.progress = None
        self.work_queue.do(lambda: self._ctx.drafts.remove(DRAFT))
        self._show()

    def _keep(self) -> None:
        if self.progress is not None:
            data = self.progress.kept()
            self.work_queue.do(lambda: self._ctx.drafts.put(DRAFT, data))

    def _export(self) -> None:
        if self.progress is not None:
            text = self.progress.text
            self._ctx.kit.save_as(
                tr("Export the lesson"),
                "lesson.md",
                (".md",),
                lambda path: path.write_text(text, "utf-8"),
                trouble=self.trouble,
            )
