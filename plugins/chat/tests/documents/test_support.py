"""What the passages have of an answer: its kind, its numbers with their units, its names."""

from __future__ import annotations

import pytest

from studio_chat.documents.support import asked_kind, nearest, numbers, support

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
        ("Is the door green?", "Yes", True),
    ],
)
def test_an_answer_is_held_against_what_is_there(question: str, answer: str, holds: bool) -> None:
    assert support(question, answer, [OVEN]).holds is holds


def test_numbers_are_alike_however_they_are_spelt() -> None:
    assert numbers("1,555.20 and 1.555,20") == {"1555.2"}
    assert numbers("twenty days, zwei Wochen") == {"20", "2"}


def test_the_lines_that_carry_an_answer_are_named() -> None:
    found = support("What does the delivery cost?", "£85", ["Nothing here.", OVEN])
    assert found.lines == ((1, 3),)
    assert found.nearness > 0.5
    assert nearest("Who paints the door?", [OVEN])[0] == (0, 3)
    assert nearest("Xyz?", [OVEN]) == []
