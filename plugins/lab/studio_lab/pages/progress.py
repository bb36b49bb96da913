"""Translate the progress messages of the lab's tasks. Pure functions."""

from __future__ import annotations

import re

from studio.api.window.language import tr
from studio_lab.pages.bias import group_name
from studio_lab.pages.phrases import plot_name

_PLACE = re.compile(r"\\\{(\w+)\\\}")
"""A place in a pattern that is escaped."""


def progress_in_words(message: str) -> str:
    """Translate a progress message of a task of the lab."""
    words = _known()
    if message in words:
        return words[message]
    for pattern, translation in _patterns().items():
        if match := re.fullmatch(_PLACE.sub(r"(?P<\1>.+?)", re.escape(pattern)), message):
            return translation.format(
                **{name: _word(value) for name, value in match.groupdict().items()}
            )
    return ", ".join(map(_figure, message.split(", ")))


def _word(given: str) -> str:
    """Return what stands in a place: a topic, groups of people, or a figure as it is."""
    named = {
        "gender": tr("gender"),
        "age": tr("age"),
        "origin": tr("origin"),
        "religion": tr("religion"),
    }
    return named.get(given) or group_name(plot_name(given))


def _figure(part: str) -> str:
    """Return “loss 0.12” or “120 examples/s” in the language of the window."""
    if speed := re.fullmatch(r"(\S+) examples/s", part):
        return tr("{speed} examples/s").format(speed=speed[1])
    name, space, value = part.rpartition(" ")
    short = {"loss": tr("loss"), "rate": tr("rate"), "gradient": tr("gradient")}
    return f"{short.get(name) or plot_name(name)}{space}{value}"


def _patterns() -> dict[str, str]:
    return {
        "Comparing {topic} by {groups}": tr("Comparing {topic} by {groups}"),
        "Writing about {topic}: {group}": tr("Writing about {topic}: {group}"),
        "Rewriting text {at} of {all}": tr("Rewriting text {at} of {all}"),
        "Split {at} of {all}": tr("Split {at} of {all}"),
        "Drawing from {name}": tr("Drawing from {name}"),
        "Drawing samples to measure: {share}": tr("Drawing samples to measure: {share}"),
        "Training {at} of {all}, predicted loss {loss}: {examples} examples, {steps} steps": tr(
            "Training {at} of {all}, predicted loss {loss}: {examples} examples, {steps} steps"
        ),
        "Training {at} of {all}: {examples} examples, {steps} steps": tr(
            "Training {at} of {all}: {examples} examples, {steps} steps"
        ),
    }


def _known() -> dict[str, str]:
    return {
        "Reading the data": tr("Reading the data"),
        "Reading the table": tr("Reading the table"),
        "Looking at the columns": tr("Looking at the columns"),
        "Making the rows": tr("Making the rows"),
        "Drawing samples": tr("Drawing samples"),
        "Measuring": tr("Measuring"),
        "Measuring the bound": tr("Measuring the bound"),
        "Measuring the samples": tr("Measuring the samples"),
        "Reading the pictures": tr("Reading the pictures"),
        "Making the series": tr("Making the series"),
        "Making pictures": tr("Making pictures"),
        "Writing the pictures": tr("Writing the pictures"),
        "Looking for duplicates and leaks": tr("Looking for duplicates and leaks"),
        "Measuring how long a step takes": tr("Measuring how long a step takes"),
        "Fitting the law": tr("Fitting the law"),
        "Loading the model": tr("Loading the model"),
        "Measuring on held-out pictures": tr("Measuring on held-out pictures"),
        "Measuring on held-out examples": tr("Measuring on held-out examples"),
        "Reading the examples": tr("Reading the examples"),
        "Loading the model as floats": tr("Loading the model as floats"),
        "Writing the whole model": tr("Writing the whole model"),
        "Drawing": tr("Drawing"),
    }
