"""What a correction changes, word by word."""

from __future__ import annotations

import pytest

from studio_chat.word_diff import applied, word_changes

PAIRS = [
    ("", "New words."),
    ("Old words.", ""),
    ("He go home,and sleep", "He goes home, and sleeps."),
    ("Er hat 1.250,50 € gezahlt; er\n\nist müde.", "Er hat 1.250,50 € bezahlt. Er\nist müde!"),
    ("a b c d e f", "a x c d y f"),
]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_all_changes_make_the_new_text_and_none_the_old_one(before: str, after: str) -> None:
    changes = word_changes(before, after)
    assert applied(before, changes, range(len(changes))) == after
    assert applied(before, changes, ()) == before
    assert all(before[c.start : c.end] == c.before for c in changes)


def test_each_change_stands_by_itself() -> None:
    changes = word_changes("a b c d e f", "a x c d y f")
    assert [(c.before, c.after) for c in changes] == [("b", "x"), ("e", "y")]
    assert applied("a b c d e f", changes, {1}) == "a b c d y f"


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        ("It costs 30 euros.", "It costs 20 euros.", True),
        ("We met on 14 March.", "We met on March 14.", True),
        ("We asked Anna about it.", "We asked Anne about it.", True),
        ("We asked Anna.", "We asked.", True),
        ("Is it true that he was there in the end?", "Is it true?", True),
        ("We asked anna about it.", "We asked Anna about it.", False),
        ("It are red.", "It is red.", False),
        ("he come at 5 oclock", "He comes at 5 o'clock.", False),
    ],
)
def test_what_may_alter_the_meaning_is_marked(before: str, after: str, marked: bool) -> None:
    assert any(change.marked for change in word_changes(before, after)) == marked
