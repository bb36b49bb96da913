"""Parameters of the diary."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Label, Params, Seed, Text


class Note(Params, frozen=True):
    """What is to be remembered."""

    words: Annotated[str, Text(max_chars=2000), Label("Words", "What to remember.")]
    mood: Annotated[Literal["good", "bad"], Label("Mood")] = "good"
    seed: Seed = Seed.random()


class Search(Params, frozen=True):
    """What to look for."""

    words: Annotated[str, Text(max_chars=200), Label("Words", "Of title, prompt or text.")] = ""
    kind: Annotated[str, Label("Kind")] = ""


class Nothing(Params, frozen=True):
    """No parameter."""
