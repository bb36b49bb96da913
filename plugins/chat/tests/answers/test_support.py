"""What the passages have of an answer: its kind, its numbers with their units, its names."""

from __future__ import annotations

import pytest

from studio_chat.answers.kinds import asked_kind, numbers
from studio_chat.answers.support import Passages, sentences

OVEN = """# Oven K4
Weight: 48 kg. Length of the cable: 2 m.
Serviced by Ms Berta Lind, berta@lind.example, once a year.
The door is painted green. Delivery takes 12 days and costs £85.
"""


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What does the oven cost?", "money"),
        ("Was kostet der Ofen?", "money"),
        ("How heavy is it?", "mass"),
        ("Wie schwer ist er?", "mass"),
        ("Who services it?", "person"),
        ("Wer wartet ihn?", "person"),
        ("When is it serviced?", "time"),
        ("What is her e-mail address?", "e-mail"),
        ("Wie lautet die Telefonnummer?", "telephone"),
        ("Which colour is the door?", "colour"),
        ("How many doors does it have?", "quantity"),
        ("Why does it cost so much?", "reason"),
        ("Warum ist sie grün?", "reason"),
        ("How long does the delivery take?", "duration"),
        ("Wie lange dauert die Lieferung?", "duration"),
        ("How long is the cable?", "quantity"),
        ("Wie lang ist das Kabel?", "quantity"),
        ("What is the name of the fitter?", "name"),
        ("What are the children called?", "name"),
        ("Wie heißt der Monteur?", "name"),
        ("What is the oven for?", ""),
    ],
)
def test_the_kind_of_thing_that_is_asked_for(question: str, kind: str) -> None:
    assert asked_kind(question) == kind


@pytest.mark.parametrize(
    ("question", "answer", "holds"),
    [
        ("What does the oven cost?", "48 kilograms", False),
        ("What does the oven cost?", "48", False),
        ("What does the delivery cost?", "£85", True),
        ("How heavy is the oven?", "48 kg", True),
        ("How heavy is the oven?", "12", False),
        ("How heavy is the oven?", "very heavy", False),
        ("Who services the oven?", "Berta Lind", True),
        ("Who services the oven?", "Carla Winter", False),
        ("What is her e-mail address?", "berta@lind.example", True),
        ("What is her e-mail address?", "Berta Lind", False),
        ("What is her e-mail address?", "info@oven.example", False),
        ("What is her phone number?", "48 12 85", False),
        ("Which colour is the door?", "green", True),
        ("Which colour is the door?", "steel", False),
        ("How often is it serviced?", "once a year", True),
        ("When was it built?", "1998", False),
        ("How long does delivery take?", "12 days", True),
        ("How long does delivery take?", "85", False),
        ("How long does delivery take?", "very fast", False),
        ("What does the oven run on?", "the oven", False),
        ("Is the door green?", "Yes", True),
    ],
)
def test_an_answer_is_held_against_what_is_there(question: str, answer: str, holds: bool) -> None:
    assert Passages(question, [OVEN]).support(answer).holds is holds


def test_numbers_are_alike_however_they_are_spelt() -> None:
    assert numbers("1,555.20 and 1.555,20") == {"1555.2"}
    assert numbers("twenty days, zwei Wochen") == {"20", "2"}


def test_the_lines_that_carry_an_answer_are_named() -> None:
    found = Passages("What does the delivery cost?", ["Nothing here.", OVEN]).support("£85")
    assert found.lines == ((1, 3),)
    assert found.nearness == 1.0
    assert Passages("Who paints the door?", [OVEN]).nearest(1) == [(0, 3)]
    assert Passages("Xyz?", [OVEN]).nearest() == []


def test_a_question_is_covered_where_a_thing_of_its_kind_stands_beside_its_words() -> None:
    assert Passages("What does the delivery cost?", [OVEN]).coverage() == 1.0
    assert Passages("How heavy is the oven?", [OVEN]).coverage() > 0.5
    assert Passages("What is the phone number of Berta Lind?", [OVEN]).coverage() == 0.0
    assert Passages("How long does the oven run?", ["The oven runs well."]).coverage() == 0.0
    assert Passages("Why is the door green?", ["The door is green."]).coverage() == 0.0
    for text, has_name in (("The fitter came in May.", 0), ("The fitter, Bo Lind, came.", 1)):
        for question in ("Who is the fitter?", "What is the name of the fitter?"):
            assert (Passages(question, [text]).coverage() > 0) == has_name
    german = "Der Monteur kam mit dem Hammer"
    assert Passages("Wie heißt der Monteur?", [f"{german}."]).coverage() == 0.0
    assert Passages("Wie heißt der Monteur?", [f"{german}, Bodo Lind."]).coverage() > 0
    assert Passages("Why is it green?", ["It is green, so that it is seen."]).coverage() > 0.5


def test_an_answer_of_little_words_is_found_by_them() -> None:
    found = Passages("When does it flower?", ["Lavender: cut it early.\nIt flowers in May."])
    assert found.support("May").lines == ((0, 1),)
    assert found.support("May").holds


def test_a_sentence_goes_over_lines_and_a_row_does_not() -> None:
    text = (
        "The museum was opened in the year of 1931 by the widow of the\nmerchant Dr. Penrose. Free."
        "\n\nName,Room,Phone\nAda Lund,1.12,4410\nBo Vik,1.13,4411\n- a point\n"
    )
    assert [(first, last) for first, last, _ in sentences(text)] == [
        (0, 1), (1, 1), (3, 3), (4, 4), (5, 5), (6, 6),
    ]  # fmt: skip


def test_a_question_without_telling_words_or_in_another_language_is_near_everything() -> None:
    text = OVEN + "It is the oven that we have in the house, and it was made for us in the town."
    assert Passages("And how heavy is it?", [text]).support("48 kg").nearness == 1.0
    german = Passages("Wie schwer ist der Ofen von Frau Lind in dem Haus?", [text])
    assert german.support("48 kg").nearness == 1.0
