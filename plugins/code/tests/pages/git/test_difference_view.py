"""A difference as git prints it: what came and went stands on a ground of its own."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt

from studio_code.pages.git.difference_view import DifferenceView

TEXT = "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-one\n+two\n+three\n same\n"


def test_lines_that_came_and_went_are_marked_and_escape_closes(desk: Any) -> None:
    view = desk.put(DifferenceView(desk.ctx))
    view.show_text("x", TEXT)
    assert view.text.marks == {4: "bad-soft", 5: "good-soft", 6: "good-soft"}
    with desk.qtbot.waitSignal(view.closed):
        desk.qtbot.keyClick(view, Qt.Key.Key_Escape)
    view.show_text("x", "")
    assert view.text.toPlainText() == "There is no difference in its text."
