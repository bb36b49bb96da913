"""A form is checked as soon as it is named: by size, by depth, and that it needs nothing else."""

from __future__ import annotations

import json

import pytest

from studio.api import BadInput, Constraint, SamplingParams
from studio.api.worker.constraint import DEEPEST, MOST_CHARACTERS, MOST_MULTIPLES, MOST_PARTS


def nested(levels: int) -> str:
    return '{"items":' * (levels - 1) + "{}" + "}" * (levels - 1)


@pytest.mark.parametrize(
    "schema",
    [
        {}, {"type": "object"}, {"items": {"$ref": "#"}}, {"$ref": "#/$defs/a", "$defs": {"a": {}}},
        {"properties": {"$ref": {"type": "string"}}}, {"enum": [{"$ref": "http://a.example/b"}]},
        json.loads(nested(DEEPEST)), {"multipleOf": MOST_MULTIPLES * 10}, {"multipleOf": 0.00025},
        {"properties": {"multipleOf": {"type": "string"}}}, {"const": [[]] * MOST_PARTS},
    ],
)  # fmt: skip
def test_schemas_that_stand_alone_are_taken(schema) -> None:
    made = Constraint.json(schema)
    assert json.loads(made.text) == schema
    assert SamplingParams(constraint=made).constraint == made


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"), (" \n", "empty"), ("{", "not valid JSON"), ("[1]", "must be an object"),
        ("true", "must be an object"), ('{"minimum": NaN}', "not a JSON number"),
        ('{"$ref": "http://a.example/b.json"}', "http://a.example/b.json"),
        ('{"allOf": [{"items": {"$ref": "file:///etc/passwd"}}]}', "does not contain"),
        ('{"$ref": "b.json#/c"}', "does not contain"),
        (nested(DEEPEST + 1), "nested"), (nested(30_000), "characters"),
        ("[" * 100_000, "nested"), ('{"const": "\ud800"}', "invalid character"),
        ('{"x-guidance": {"lenient": true}}', "x-guidance"),
        ('{"items": {"multipleOf": 100003}}', "multipleOf"),
        ('{"anyOf": [{"multipleOf": 60.007}, {"multipleOf": 60007}]}', "multipleOf"),
        (json.dumps({"anyOf": [{}] * MOST_PARTS}), "parts"),
        (json.dumps({"properties": {"enum": {"anyOf": [{}] * MOST_PARTS}}}), "parts"),
        ('{"title": "' + "x" * MOST_CHARACTERS["json_schema"] + '"}', "characters"),
    ],
)  # fmt: skip
def test_schemas_that_are_broken_or_point_elsewhere_are_refused(text, words) -> None:
    with pytest.raises(BadInput, match=words):
        Constraint("json_schema", text)


@pytest.mark.parametrize("kind", ["regex", "grammar"])
def test_expressions_and_grammars_are_bounded(kind) -> None:
    assert Constraint(kind, "a" * MOST_CHARACTERS[kind]).kind == kind
    with pytest.raises(BadInput, match="characters"):
        Constraint(kind, "a" * (MOST_CHARACTERS[kind] + 1))


@pytest.mark.parametrize(
    ("rules", "sign"),
    [
        ('start: %json {"multipleOf": 1000003}', "%json"), ("start: A\nA: /a+/ & /b/", "&"),
        ('start: A\nA: /a/ & ~/b/', "~"), ('start: "\\"" ~/b/', "~"),
    ],
)  # fmt: skip
def test_a_grammar_has_nothing_in_it_that_is_bounded_by_nobody(rules, sign) -> None:
    with pytest.raises(BadInput, match=sign):
        Constraint("grammar", rules)
    quiet = 'start: "~&%json\\"~" /~&\\/%json~/ // ~&\n'
    assert Constraint("grammar", quiet).text == quiet


def test_what_is_no_form_and_no_data_is_refused() -> None:
    with pytest.raises(BadInput, match="no output format"):
        Constraint("xml", "<a/>")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="not plain data"):
        Constraint.json({"const": float("nan")})
    with pytest.raises(BadInput, match="not plain data"):
        Constraint.json({"const": object()})
