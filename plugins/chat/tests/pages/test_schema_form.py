"""Arguments of a server's tool: a form where its schema is simple, JSON where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from studio_chat.pages.tools.schema_form import MOST_FIELDS, form_of

SIMPLE = {
    "properties": {
        "city": {"type": "string", "title": "City", "description": "Where."},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
        "unit": {"type": "string", "enum": ["C", "F"], "default": "F"},
        "wind": {"type": "boolean"},
        "share": {"type": "number", "default": 0.5},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["city"],
}


def test_a_simple_schema_has_fields_with_its_words_bounds_and_choices() -> None:
    made = form_of(SIMPLE, {"city": "Graz"})
    assert made is not None
    city, days, unit, *_ = made.fields()
    assert (city.title, city.help) == ("City", "Where.")
    assert days.range is not None
    assert (days.title, days.range.minimum, days.range.maximum) == ("Days", 1, 7)
    assert (unit.choices, unit.default) == (("C", "F"), "F")
    assert [field.name for field in made.fields()] == list(SIMPLE["properties"])
    assert made.parse({"city": "Graz", "tags": ["a"]}).tags == ["a"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "told",
    [
        {"type": "object"},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "array", "items": {"type": "object"}},
        {"enum": [1, 2]},
        "no schema at all",
        {"type": ["string", "null"]},
    ],
    ids=str,
)
def test_what_is_not_simple_has_none(told: Any) -> None:
    assert form_of({"properties": {"it": told}}, {}) is None


@pytest.mark.parametrize("name", ["with space", "class", "_hidden", "parse", "1st"])
def test_names_that_no_field_can_have_have_none(name: str) -> None:
    assert form_of({"properties": {name: {"type": "string"}}}, {}) is None


@pytest.mark.parametrize("arguments", [{"days": "many"}, {"days": 99}, {"other": 1}], ids=str)
def test_arguments_that_no_field_could_show_have_none(arguments: dict[str, Any]) -> None:
    assert form_of(SIMPLE, arguments) is None


def test_a_schema_without_end_or_without_arguments_has_none() -> None:
    many = {f"a{n}": {"type": "string"} for n in range(MOST_FIELDS + 1)}
    assert form_of({"properties": many}, {}) is None
    assert form_of({"properties": {}}, {}) is None
    assert form_of({}, {}) is None
