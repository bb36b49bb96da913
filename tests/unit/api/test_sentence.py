"""Sentences: English for whoever reads them, and the language of the window for the window."""

from __future__ import annotations

import json

from studio.api import as_parts, sentence, translated

GERMAN = {
    "{name} is not at {place} any more.": "{name} liegt nicht mehr in {place}.",
    "the attic": "der Dachboden",
}
GONE = sentence("{name} is not at {place} any more.", name="in.png", place=sentence("the attic"))


def translate(text: str) -> str:
    return GERMAN.get(text, text)


def test_it_is_a_text_and_can_be_told_in_another_language_with_all_in_its_places() -> None:
    assert GONE == "in.png is not at the attic any more."
    assert translated(GONE, translate) == "in.png liegt nicht mehr in der Dachboden."
    assert translated("the attic", translate) == "the attic", "a name that only looks like a text"
    braces = sentence("A set {1, 2} is a set.")
    assert translated(braces, translate) == "A set {1, 2} is a set."


def test_what_a_result_keeps_of_it_can_still_be_told() -> None:
    kept = json.loads(json.dumps([as_parts(GONE), as_parts("as it is")]))
    assert [translated(each, translate) for each in kept] == [
        translated(GONE, translate),
        "as it is",
    ]


def test_a_pattern_of_a_file_reaches_no_further_than_its_places() -> None:
    hostile = {"pattern": "{a.__class__} {a:>9999999999} {b} {a}", "places": {"a": "A"}}
    assert translated(hostile, str) == "{a.__class__} {a:>9999999999} {b} A"
