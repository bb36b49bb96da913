"""Sentences: English for whoever reads them, and the language of the window for the window."""

from __future__ import annotations

from studio.core.sentence import sentence, told

GERMAN = {
    "{name} is not at {place} any more.": "{name} liegt nicht mehr in {place}.",
    "the attic": "der Dachboden",
}


def translate(text: str) -> str:
    return GERMAN.get(text, text)


def test_it_is_a_text_and_can_be_told_in_another_language_with_all_in_its_places() -> None:
    said = sentence(
        "{name} is not at {place} any more.", name="in.png", place=sentence("the attic")
    )
    assert said == "in.png is not at the attic any more."
    assert told(said, translate) == "in.png liegt nicht mehr in der Dachboden."
    assert told("the attic", translate) == "the attic", "a name that only looks like a text"
    braces = sentence("A set {1, 2} is a set.")
    assert told(braces, translate) == "A set {1, 2} is a set."
