"""Preferences as people have them: columns of a file, or stars that were given in the Gallery."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from studio.api import BadInput, SavedArtifact
from studio_lab.datasets.table import only
from studio_lab.finetuning.examples import rows_of

FEWEST = 4
MOST_OF_A_PROMPT = 8
"""Pairs of starred and other answers to one prompt; the newest ones."""
Choice = tuple[str, str, str]
"""A prompt, the better answer, the worse one."""
_PROMPTS = ("prompt", "question", "instruction", "input")
_BETTER, _WORSE = ("chosen", "better", "preferred"), ("rejected", "worse", "other")


def read_choices(path: Path) -> list[Choice]:
    """Return the preferences of a CSV or JSONL file with ``prompt``, ``chosen`` and ``rejected``.

    Raises:
        BadInput: It cannot be read, or has too few.
    """
    choices = []
    for row in rows_of(path):
        texts = [
            next((row[name] for name in names if isinstance(row.get(name), str)), "").strip()
            for names in (_PROMPTS, _BETTER, _WORSE)
        ]
        if all(texts) and texts[1] != texts[2]:
            choices.append((texts[0], texts[1], texts[2]))
    if len(choices) < FEWEST:
        raise BadInput(
            f"“{path.name}” has {only(len(choices), 'preferences')}; at least {FEWEST} are needed.",
            "Each row needs a prompt, a chosen and a rejected answer, under these names.",
        )
    return list(dict.fromkeys(choices))


def starred_choices(results: Iterable[SavedArtifact], given: Sequence[Choice] = ()) -> list[Choice]:
    """Return what stars say: each starred answer is better than others to the same prompt.

    Answers belong to one prompt if they have one title: replies are named by what was asked.

    Args:
        given: Choices by the stars in Chat.

    Raises:
        BadInput: There are too few.
    """
    groups: dict[str, list[SavedArtifact]] = {}
    for result in results:
        if result.text.strip() and result.title.strip() and not result.binned:
            groups.setdefault(_plain(result.title), []).append(result)
    choices: list[Choice] = list(given)
    for group in groups.values():
        choices += _pairs(group)[:MOST_OF_A_PROMPT]
    if len(choices) < FEWEST:
        raise BadInput(
            f"Stars tell {only(len(choices), 'preferences')}; at least {FEWEST} are needed.",
            "Have replies written again in Chat, and star the better ones there or in the Gallery.",
        )
    return list(dict.fromkeys(choices))


def _pairs(group: Sequence[SavedArtifact]) -> list[Choice]:
    better = [reply for reply in group if reply.starred]
    worse = [reply for reply in group if not reply.starred]
    return [
        (one.title, one.text.strip(), other.text.strip())
        for one in better
        for other in worse
        if one.text.strip() != other.text.strip()
    ]


def _plain(title: str) -> str:
    return " ".join(title.lower().split())
