"""Recipes made to keep their reader busy: work grows with their length."""

from __future__ import annotations

from studio.testing.growth import repeated, traps
from studio_image.recipes import infotext, recipe


def test_no_recipe_takes_more_than_linear_work() -> None:
    signs = [
        " ",
        "a",
        "a:",
        'a:"',
        'a:"b,',
        'a: "\\',
        '"',
        "\\",
        ",",
        "a, ",
        "\n",
        "Negative prompt:",
    ]
    heads = ("", "a\nSteps: 3, ", 'a\nSteps: 3, a: "')
    texts = [repeated(sign, head, tail) for sign in signs for head in heads for tail in ("", "!")]
    assert traps(infotext.read, texts) == []
    assert traps(recipe.from_json, [repeated(sign) for sign in ("[", '{"a":', '"', "1", " ")]) == []
