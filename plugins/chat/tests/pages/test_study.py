"""Study: a lesson is made, asked, marked, kept after each answer, repeated."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt

from studio.testing.scripted import Artifact, Result
from studio_chat.pages.study.page import DRAFT, HANDED, Choice, StudyPage
from studio_chat.pages.study.progress import Progress

PART = {"summary": "S.", "quote": "A fox ran.", "passage": "A fox ran.", "lines": [1, 1]}
OWL = "An owl, which hunts at night and sleeps by day in a hollow tree. " * 5
SECTIONS = [
    {**PART, "title": "Fox", "question": "Who?", "choices": [OWL, "A fox"], "answer": "A fox"},
    {**PART, "title": "Run", "question": "What?", "choices": [], "answer": "It ran"},
]


def study(desk: Any) -> StudyPage:
    page = StudyPage(desk.ctx)
    desk.qtbot.addWidget(page)
    page.show()
    desk.until(lambda: page.work_queue.idle)
    return page


def test_a_lesson_is_studied_left_taken_up_again_and_repeated(desk: Any) -> None:
    first = study(desk)
    first.form.set_values({"topic": "Foxes"})
    desk.runtime.enqueue(
        Artifact("text", b"# L", ".md", text="# L"), Result(sections=SECTIONS, text="# L")
    )
    first.go.click()
    desk.until(lambda: "Who?" in first.question.text())
    owl, fox = first.findChildren(Choice)
    assert owl.minimumSizeHint().width() < first.width() < owl.fontMetrics().horizontalAdvance(OWL)
    desk.qtbot.mouseClick(fox, Qt.MouseButton.LeftButton)
    first.go.click()
    assert first.told.text().startswith("Right.")
    assert "“A fox ran.”" in first.told.text()
    first.go.click()
    desk.until(lambda: first.work_queue.idle)
    again = study(desk)  # as after a crash: nothing but the draft is there
    assert "What?" in again.question.text()
    again.field.setText("It slept")
    desk.runtime.enqueue(Result(mark="wrong", why="It ran.", quote="A fox ran."))
    again.go.click()
    desk.until(lambda: again.told.text().startswith("Wrong."))
    assert "The answer: It ran" in again.told.text()
    again.go.click()
    assert again.question.text() == "1 of 2 points"
    assert "Run: It ran" in again.told.text()
    again.go.click()
    assert "What?" in again.question.text()
    desk.until(lambda: again.work_queue.idle)
    kept = Progress.read(desk.ctx.drafts.get(DRAFT))
    assert kept is not None
    assert kept.todo == [1]
    assert Progress.read(b"no lesson") is None
    desk.ctx.drafts.put(HANDED, b"Owls hunt at night.")
    after = study(desk)
    desk.until(lambda: after.form.values()["text"] == "Owls hunt at night.")
    assert desk.ctx.drafts.get(HANDED) is None, "it is taken once"
    after.back.click()
    assert "What?" in after.question.text(), "the lesson before is not lost"
