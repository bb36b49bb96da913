"""Finding and replacing: right places, and no pattern that holds anything up."""

from __future__ import annotations

import time

import pytest

from studio.api import StudioError
from studio_code.pages.editor import text_search
from studio_code.pages.editor.text_search import Query, find_all, replace_all, replaced

TEXT = "cat Cat concat\nCAT. (cat)"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (Query("cat"), 5),
        (Query("cat", case=True), 3),
        (Query("cat", whole=True), 4),
        (Query("(cat)"), 1),
        (Query("(cat)", pattern=True), 5),
        (Query("^cat", pattern=True), 2),
        (Query("x*", pattern=True), 0),
        (Query(""), 0),
    ],
)
def test_places(query: Query, count: int) -> None:
    places = find_all(TEXT, query)
    assert len(places) == count
    assert all(TEXT[a:b].lower() in ("cat", "(cat)") for a, b in places)


def test_places_are_counted_as_qt_does() -> None:
    assert find_all("🙂 cat", Query("cat")) == [(3, 6)]


def test_replacing() -> None:
    assert replace_all(TEXT, Query("cat", whole=True), r"\1") == ("\\1 \\1 concat\n\\1. (\\1)", 4)
    swapped = replace_all("ab=cd", Query(r"(\w+)=(\w+)", pattern=True), r"\2=\1")
    assert swapped == ("cd=ab", 1)
    assert replace_all("cac", Query("a*", pattern=True), "b") == ("cbc", 1), "places that are found"


def test_one_place_is_replaced_as_it_stands_in_the_text() -> None:
    query = Query(r"(?<=def )(\w)(\w*)", pattern=True)
    text = "🙂 def add"
    ((start, _),) = find_all(text, query)
    assert replaced(text, start, query, r"\2\1") == "dda"
    assert replaced(text, 0, query, "x") is None
    assert replaced(text, start, Query("add"), r"\1") == r"\1"


@pytest.mark.parametrize(("words", "by"), [("(", ""), ("a", r"\9"), ("x" * 3000, "")])
def test_what_is_no_pattern_is_told(words: str, by: str) -> None:
    with pytest.raises(StudioError):
        replace_all("aaa", Query(words, pattern=True), by)


def test_a_bad_pattern_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_search, "SECONDS", 0.1)
    began = time.process_time()
    with pytest.raises(StudioError, match="takes too long"):
        find_all("a" * 40 + "!", Query(r"(a|aa|a?)+$", pattern=True))
    assert time.process_time() - began < 10
