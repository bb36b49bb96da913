"""The study page: topic, one section and its question at a time, score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.api import (
    JobHandle,
    JobRequest,
    Page,
    PluginContext,
    Priority,
    Role,
    SavedArtifact,
    StudioError,
    WorkQueue,
)
from studio.api.window.language import tr
from studio_chat.pages.study.progress import Given, Progress
from studio_chat.schema import Lesson
from studio_chat.schema.texts import DOCUMENT_SUFFIXES

PAGE = "chat.study"
DRAFT = "study"
HANDED = "study-text"
"""The draft with a text that another page would like to be learned from."""
_FIELDS = ("topic", "text", "document", "sections", "questions")
_WIDEST = 760


def build(ctx: PluginContext) -> Page:
    """Return the page as the window takes it."""
    page = StudyPage(ctx)
    return Page(page, accept=page.accept, focus=page.take_focus)


class Choice(QWidget):
    """One of several answers, in as many lines as it takes: a radio button alone has one."""

    def __init__(self, ctx: PluginContext, number: int, text: str) -> None:
        super().__init__()
        self.button = QRadioButton(f"&{number}")
        self.button.setAccessibleName(text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(ctx.ui.label(text, wrap=True), 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Its words choose it, too."""
        self.button.click()


class StudyPage(QWidget):
    """Resumes the last lesson, or asks for a topic. The Return key presses the main button."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.work_queue = WorkQueue(ctx)
        self.progress: Progress | None = None
        self._left: Progress | None = None
        """The last lesson, while another one is asked for."""
        self._job: JobHandle | None = None
        self._marked: Given | None = None
        ui = ctx.ui
        self.weights = ctx.kit.weights_picker("text", key="study_weights")
        self.form = ui.form(Lesson, only=_FIELDS)
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
        self.anew = ui.button(tr("New lesson"), "plus")
        self.back = ui.button(tr("Back to the last lesson"), "arrow-left")
        self.export = ui.button(tr("Export…"), "download")
        self._lay_out()
        for part in (self.anew, self.back, self.export, *self._parts[1:], self.field, self.told):
            part.hide()
        self.drop_target = ctx.kit.drop_target(
            self,
            tr("Drop to learn from it"),
            trouble=self.trouble,
            files=lambda paths: self._begin_anew({"document": str(paths[0])}),
            suffixes=DOCUMENT_SUFFIXES,
            many=False,
            text=lambda text: self._begin_anew({"text": text}),
        )
        self.go.clicked.connect(self.next)
        self.anew.clicked.connect(lambda: self._begin_anew({}))
        self.back.clicked.connect(self._go_back)
        self.export.clicked.connect(self._export)
        self.work_queue.do(lambda: ctx.drafts.get(DRAFT), self._opened)

    def _lay_out(self) -> None:
        ui = self._ctx.ui
        head = QHBoxLayout()
        head.addWidget(ui.label(tr("Study"), Role.TITLE))
        head.addStretch(1)
        head.addWidget(self.weights.widget)
        foot = QHBoxLayout()
        for button in (self.anew, self.back, self.export):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self.go)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(12)
        if (fields := self.form.widget.layout()) is not None:
            fields.setContentsMargins(0, 4, 0, 0)  # it is no panel here
        self._parts = (self.form.widget, self.view.widget, self.question, self._choices)
        for part in (*self._parts, self.field, self.told):
            column.addWidget(part)
        column.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        middle = QWidget()
        middle.setMaximumWidth(_WIDEST)
        whole = QVBoxLayout(middle)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(head)
        whole.addWidget(area, 1)
        for part in (self.row.widget, self.trouble.widget):
            whole.addWidget(part)
        whole.addLayout(foot)
        row = QHBoxLayout(self)
        row.setContentsMargins(28, 16, 28, 18)
        row.addStretch(1)
        row.addWidget(middle, 1000)
        row.addStretch(1)

    # --- what is in view ----------------------------------------------------------------------

    def _opened(self, data: bytes | None) -> None:
        if self.progress is None:
            self.progress = Progress.read(data)
        self._show()
        self._look_for_text()

    def _look_for_text(self) -> None:
        """Take the text that another page has handed over."""

        def take() -> str:
            text = self._ctx.drafts.get(HANDED)
            self._ctx.drafts.remove(HANDED)
            return (text or b"").decode("utf-8", "replace")

        def begin(text: str) -> None:
            if text:
                self._begin_anew({"text": text})

        self.work_queue.do(take, begin)

    def _show(self) -> None:
        progress, self._marked = self.progress, None
        asks = progress is not None and bool(progress.todo)
        self.form.widget.setVisible(progress is None)
        self.view.widget.setVisible(asks)
        self.question.setVisible(progress is not None)
        self.anew.setVisible(progress is not None)
        self.back.setVisible(progress is None and self._left is not None)
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
        for old in self._choices.findChildren(Choice):
            self._group.removeButton(old.button)
            self._column.removeWidget(old)
            old.deleteLater()
        for number, text in enumerate(section["choices"], 1):
            choice = Choice(self._ctx, number, text)
            self._group.addButton(choice.button, number - 1)
            self._column.addWidget(choice)
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
        lines = [f"• {section['title']}: {section['answer']}" for section in weak]
        self._tell("\n".join([tr("To repeat:"), *lines]) if weak else tr("All of it is right."))
        self.go.setText(tr("Repeat these") if weak else tr("New lesson"))

    def _tell(self, words: str) -> None:
        self.told.setText(words)
        self.told.show()

    # --- what the user does -------------------------------------------------------------------

    def next(self) -> None:
        """Run the button's action: make the lesson, check, go on, repeat, begin another one."""
        progress = self.progress
        if not self.go.isEnabled():
            return
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
            self._begin_anew({})

    def accept(self, artifact: SavedArtifact) -> None:
        """Learn from a text of the library."""
        path = Path(artifact.path)
        is_document = path.suffix.lower() in DOCUMENT_SUFFIXES
        self._begin_anew({"document": str(path)} if is_document else {"text": artifact.text})

    def take_focus(self) -> None:
        """Put the keyboard where the user goes on."""
        (self.form.widget if self.progress is None else self.field).setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press the main button on the Return key."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.next()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Another page may have handed over a text meanwhile; weights may have come."""
        super().showEvent(event)
        self.weights.refresh()
        self._look_for_text()

    def _make(self) -> None:
        values = {name: v for name, v in self.form.values().items() if name in _FIELDS}
        self._submit("chat.lesson", values, self._made)

    def _made(self, result: Mapping[str, Any]) -> None:
        sections = list(result["sections"])
        self.progress = Progress(
            sections[0]["title"], str(result["text"]), sections, {}, list(range(len(sections)))
        )
        self._left = None
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
            lambda result: self._show_mark(
                Given(answer, result["mark"], result["why"], result["quote"])
            ),
        )

    def _show_mark(self, given: Given) -> None:
        self._marked = given
        marks = {"right": tr("Right."), "partly": tr("Partly right."), "wrong": tr("Wrong.")}
        text = " ".join(filter(None, (marks[given.mark], given.why)))
        assert self.progress is not None, "a question of a lesson was answered"
        section = self.progress.sections[self.progress.todo[0]]
        if given.mark != "right":
            text += "\n" + tr("The answer: {answer}").format(answer=section["answer"])
        quote = tr("“{name}”").format(name=given.quote)
        self._tell(f"{text}\n{quote}")
        self.go.setEnabled(True)
        self.go.setText(tr("Continue"))
        self.go.setFocus()

    def _submit(self, task: str, params: Mapping[str, Any], then: Any) -> None:
        request = JobRequest(
            task,
            {**params, "weights": self.weights.weights},
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

        def mine(call: Callable[..., None]) -> Callable[..., None]:
            return lambda *args: call(*args) if self._job is job else None

        job.on_done(mine(then))
        job.on_failed(mine(self._failed))
        job.on_cancelled(mine(lambda: self.go.setEnabled(True)))

    def _failed(self, error: StudioError) -> None:
        self.go.setEnabled(True)
        self.trouble.tell(error, self.next)

    def _begin_anew(self, values: Mapping[str, Any]) -> None:
        """Ask for a topic; the last lesson stays until there is another one."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()
        if self.progress is not None:
            self._left, self.progress = self.progress, None
        self.form.set_values({"topic": "", "text": "", "document": "", **values})
        self._show()

    def _go_back(self) -> None:
        self.progress, self._left = self._left, None
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
