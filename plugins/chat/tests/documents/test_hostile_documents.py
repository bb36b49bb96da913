"""Documents made to keep their reader busy: work grows with their length."""

from __future__ import annotations

from studio.testing.growth import repeated, traps
from studio_chat.documents.passages import Document, passages


def test_no_document_takes_more_than_linear_work_to_cut() -> None:
    signs = ["a", " ", "\n", "# a\n", "\n\n", "a ", "    a", "é"]
    texts = [repeated(sign, tail=tail) for sign in signs for tail in ("", "!")]
    assert traps(lambda text: passages(Document("a.txt", text * 20)), texts) == []
