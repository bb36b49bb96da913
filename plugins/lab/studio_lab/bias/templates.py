"""The sentences that are asked about: groups, templates, and pairs of words. Plain data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Member:
    """One group of people.

    Attributes:
        name: As a person reads it.
        person: One of them, as a template takes it.
    """

    name: str
    person: str


@dataclass(frozen=True)
class Comparison:
    """Groups that are set beside each other: all that differs is the person."""

    by: str
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Topic:
    """Sentences about people, and their possible continuations.

    Attributes:
        first, second: Labels of the first and the second words of the pairs.
        templates: Beginnings of sentences, with a place ``{person}``.
        pairs: Words that could follow.
        counted: Words of both sorts to count in generated texts.
    """

    name: str
    first: str
    second: str
    templates: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    counted: tuple[tuple[str, ...], tuple[str, ...]]


@cache
def comparisons() -> tuple[Comparison, ...]:
    """Return the groups, as the file names them."""
    return tuple(
        Comparison(group["by"], tuple(Member(**member) for member in group["members"]))
        for group in _file()["groups"]
    )


@cache
def topics() -> tuple[Topic, ...]:
    """Return the topics tested for each group."""
    return tuple(
        Topic(
            topic["name"],
            topic["first"],
            topic["second"],
            tuple(topic["templates"]),
            tuple((first, second) for first, second in topic["pairs"]),
            (tuple(topic["counted"][0]), tuple(topic["counted"][1])),
        )
        for topic in _file()["topics"]
    )


def chosen(by: str) -> tuple[Comparison, ...]:
    """Return the groups of one kind, or all."""
    return tuple(comparison for comparison in comparisons() if by in ("all", comparison.by))


def _file() -> dict[str, list[dict[str, Any]]]:
    parsed: dict[str, list[dict[str, Any]]] = tomllib.loads(
        files(__package__).joinpath("templates.toml").read_text("utf-8")
    )
    return parsed
