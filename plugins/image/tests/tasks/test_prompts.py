"""How prompts are understood: words, numbers, colours, synonyms, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio.api import BadInput
from studio.api.worker.tensor_files import read_header
from studio_image.starter.network import Caption
from studio_image.starter.prompt import MAX_SUBJECTS, Reading, understand, vocabulary

CAPTIONS = (
    "automobile", "bicycle", "black cat", "cat", "closed book", "crying face", "dog face", "fox",
    "frog", "goose", "grapes", "green apple", "house", "man running", "night with stars", "owl",
    "mens room", "red apple", "snow capped mountain", "star", "strawberry", "tangerine", "a button",
)  # fmt: skip


def read(prompt: str) -> Reading:
    starter: Any = SimpleNamespace(
        captions=frozenset(CAPTIONS),
        words=frozenset(word for caption in CAPTIONS for word in caption.split()),
    )
    return understand(prompt, "3d", starter)


@pytest.mark.parametrize(
    ("prompt", "drawn", "unknown"),
    [
        ("A fox!", "fox", ()),
        ("a red fox", "red fox", ()),
        ("a red car", "red automobile", ()),
        ("three apples", "3 × red apple", ()),
        ("a blue apple", "blue apple", ()),
        ("green apples", "3 × green apple", ()),
        ("strawberries and geese", "3 × strawberry, 3 × goose", ()),
        ("a bunch of grapes", "grapes", ()),
        ("an owl reading a book", "owl, closed book", ("reading",)),
        ("a green frog on a bicycle", "green frog, bicycle", ()),
        ("mountain with snow", "snow capped mountain", ()),
        ("a running man", "man running", ()),
        ("black cats", "3 × black cat", ()),
        ("a puppy", "dog face", ()),
        ("an angry dog", "dog face", ("angry",)),
        ("crying", "crying face", ()),
        ("7 stars", "7 × star", ()),
        ("zeppelin house", "house", ("zeppelin",)),
        ("a house, blue", "house", ("blue",)),
        ("a button", "a button", ()),
        ("an orange", "tangerine", ()),
        ("an orange fox", "orange fox", ()),
    ],
)
def test_a_prompt_names_captions(prompt: str, drawn: str, unknown: tuple[str, ...]) -> None:
    reading = read(prompt)
    assert (reading.drawn, reading.unknown) == (drawn, unknown)


def test_a_colour_keeps_the_phrase_that_was_trained() -> None:
    (subject,) = read("a blue apple").subjects
    assert subject.trained_caption == "red apple"
    assert subject.caption.phrase == Caption.of("red apple", "3d").phrase
    assert subject.caption.words == Caption.of("blue apple", "3d").words


def test_no_word_is_taken_for_another_that_is_spelt_alike() -> None:
    with pytest.raises(BadInput, match="knows nothing") as refused:
        read("a bicycel")
    assert refused.value.hint == "Did you mean bicycle?"
    assert read("a knight, a grape bench and a fox").unknown == ("knight", "bench")


def test_names_are_left_out_whole() -> None:
    reading = read("a fox in Black Forest by Van Gogh")
    assert (reading.drawn, reading.unknown) == ("fox", ("Black Forest", "Van Gogh"))
    assert read("a Black Cat").drawn == "black cat"


def test_a_thing_behind_an_unknown_word_is_not_another_thing() -> None:
    assert read("an owl in a dining room").unknown == ("dining", "room")


def test_what_would_be_too_small_is_left_out_and_named() -> None:
    reading = read("a fox, an owl, a frog and a house")
    assert len(reading.subjects) == MAX_SUBJECTS
    assert reading.unknown == ("house",)


@pytest.mark.parametrize("prompt", ["zeppelin", "!!!", "red", "three", "running"])
def test_what_names_nothing_is_refused(prompt: str) -> None:
    with pytest.raises(BadInput, match="knows nothing"):
        read(prompt)


def test_a_refusal_names_what_is_near() -> None:
    with pytest.raises(BadInput) as refused:
        read("hose")
    assert "house" in refused.value.hint


@pytest.mark.parametrize("prompt", ["New York", "mouse", "rat"])
def test_a_refusal_does_not_name_what_only_rhymes(prompt: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(prompt)
    assert "Did you mean" not in refused.value.hint


def test_a_very_long_prompt_is_read_in_a_moment() -> None:
    assert read("fox " + "blob " * 700).unknown == ("blob",)


def test_synonyms_are_of_things_that_were_trained() -> None:
    header = read_header(Path(__file__).parents[4] / "resources/weights/image-starter.safetensors")
    assert header is not None
    captions = frozenset(json.loads(header.metadata["captions"]))
    synonyms = vocabulary().synonyms
    assert not set(synonyms.values()) - captions
    assert not set(synonyms) & captions
