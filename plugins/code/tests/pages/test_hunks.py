"""Hunks: what they say of two texts, what taking some of them gives, what a re-base keeps."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_code.pages.review.hunks import MAX_LINES, Change, Choice, compare, rebase, split

OLD = "import os\n\n\ndef add(a, b):\n    return a - b\n\n\ndef two():\n    return 2\n"
NEW = (
    '"""Sums."""\nimport os\n\n\ndef add(a, b):\n    return a + b\n\n\ndef two():\n    return 2\n\n'
)
TEXTS = st.text(st.sampled_from("ab \n\r"), max_size=40)


def accepted(change: Change, *indices: int) -> Change:
    for index in indices:
        change = change.choose(index, Choice.ACCEPTED)
    return change


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS)
def test_all_hunks_make_the_proposal_and_none_the_present(old: str, new: str) -> None:
    change = compare(old, new)
    wanted = new.replace("\n", "\r\n") if "\r\n" in old and "\r\n" not in new else new
    assert change.choose_all(Choice.ACCEPTED).text() == wanted
    assert change.text() == change.choose_all(Choice.REJECTED).text() == old
    assert "".join(split(old)) == old


def test_one_hunk_of_three() -> None:
    change = compare(OLD, NEW)
    assert [(h.start, len(h.old), len(h.new)) for h in change.hunks] == [
        (0, 0, 1),
        (4, 1, 1),
        (9, 0, 1),
    ]
    assert (change.added, change.removed) == (3, 1)
    assert accepted(change, 1).text() == OLD.replace("a - b", "a + b")
    assert accepted(change, 0, 2).text() == '"""Sums."""\n' + OLD + "\n"


def test_line_ends_of_the_file_stay() -> None:
    change = compare("a\r\nb\r\n", "a\nc\n")
    assert accepted(change, 0).text() == "a\r\nc\r\n"
    assert len(change.hunks) == 1


def test_hunks_move_with_their_lines_and_keep_their_choice() -> None:
    change = accepted(compare(OLD, NEW), 1).choose(2, Choice.REJECTED)
    present = OLD.replace("import os\n", "import os\nimport sys\nimport re\n")
    moved = rebase(change, present)
    assert [hunk.start for hunk in moved.hunks] == [0, 6, 11]
    assert [hunk.choice for hunk in moved.hunks] == [Choice.OPEN, Choice.ACCEPTED, Choice.REJECTED]
    assert all(hunk.fits for hunk in moved.hunks)
    assert moved.text() == present.replace("a - b", "a + b")


def test_a_hunk_whose_lines_changed_is_a_conflict_with_three_ways_out() -> None:
    change = accepted(compare(OLD, NEW), 1)
    present = OLD.replace("a - b", "a * b")
    moved = rebase(change, present)
    assert [hunk.conflict for hunk in moved.hunks] == [False, True, False]
    assert moved.hunks[1].choice is Choice.OPEN
    assert moved.conflicts == 1
    assert moved.choose_all(Choice.ACCEPTED).text() == NEW.replace("a + b", "a * b")
    all_else = moved.choose_all(Choice.ACCEPTED)
    assert all_else.choose(1, Choice.REJECTED).text() == NEW.replace("a + b", "a * b")
    assert all_else.choose(1, Choice.ACCEPTED).text() == NEW
    both = all_else.choose(1, Choice.BOTH).text()
    assert both == NEW.replace("    return a + b\n", "    return a * b\n    return a + b\n")
    assert all_else.choose(0, Choice.BOTH) == all_else, "there is no other side"
    again = rebase(moved, OLD)
    assert again.hunks[1].conflict, "it does not go away by itself"


@pytest.mark.parametrize(
    ("present", "left"),
    [
        (OLD.replace("a - b", "a + b"), 2),
        ('"""Sums."""\n' + OLD, 2),
        (NEW, 0),
    ],
)
def test_what_somebody_made_already_is_gone(present: str, left: int) -> None:
    moved = rebase(compare(OLD, NEW), present)
    assert len(moved.hunks) == left
    assert moved.choose_all(Choice.ACCEPTED).text() == NEW


def test_a_deletion_that_was_made_is_gone() -> None:
    assert rebase(compare("a\nb\nc\n", "a\nc\n"), "a\nc\n").hunks == ()


def test_two_insertions_at_one_place_are_not_guessed() -> None:
    moved = rebase(compare("a\nb\n", "a\nnew\nb\n"), "a\nother\nb\n")
    assert [(hunk.old, hunk.new, hunk.conflict) for hunk in moved.hunks] == [
        (("other\n",), ("new\n",), True)
    ]
    assert moved.choose(0, Choice.BOTH).text() == "a\nother\nnew\nb\n"
    at_the_end = rebase(compare("a", "a\nnew"), "a!")
    assert at_the_end.choose(0, Choice.BOTH).text() == "a!\na\nnew"


def test_a_new_file_is_one_hunk() -> None:
    change = compare("", "a\nb")
    assert [(hunk.old, hunk.new) for hunk in change.hunks] == [((), ("a\n", "b"))]
    assert compare("a\n", "a\n").hunks == ()


def test_huge_texts_are_replaced_as_a_whole() -> None:
    old = "".join(f"{n}\n" for n in range(MAX_LINES + 10))
    change = compare(old, old.replace("1", "one"))
    assert change.whole
    assert len(change.hunks) == 1
    small = compare(old, old + "end\n")
    assert not small.whole
    assert small.hunks[0].start == MAX_LINES + 10


def test_texts_of_the_largest_size_take_no_minute() -> None:
    old = "".join(f"x = {n % 50}\n\n" for n in range(MAX_LINES // 2))
    started = time.process_time()
    compare(old, "first\n" + old.replace("x = 7\n", "y = 7\n") + "last\n")
    assert time.process_time() - started < 20
