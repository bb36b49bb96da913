"""Examples for fine-tuning a language model: pairs of a prompt and an answer, or plain text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api import BadInput, read_regular, sentence
from studio_lab.datasets.table import only
from studio_lab.datasets.table_file import csv_rows

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".txt", ".md")
FEWEST = 10
MOST = 100_000
MOST_BYTES = 64 << 20
_PROMPTS = ("prompt", "question", "instruction", "input", "user", "source")
_ANSWERS = ("answer", "completion", "response", "output", "reply", "assistant", "chosen", "target")


@dataclass(frozen=True)
class Examples:
    """Examples from a file.

    Attributes:
        title: Display title.
        pairs: A prompt and an answer each; none of plain text.
        text: Plain text; empty where there are pairs.
        notes: Sentences about skipped entries.
    """

    title: str
    pairs: Sequence[tuple[str, str]] = ()
    text: str = ""
    notes: list[str] = field(default_factory=list)


def read_examples(path: Path) -> Examples:
    """Return the pairs of a CSV, TSV, JSONL or JSON file, or the text of any other.

    Raises:
        BadInput: It cannot be read, or has too little.
    """
    text = _text(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        pairs, notes = _of_table(text, path.name)
        return _checked(path.stem, pairs, notes)
    if path.suffix.lower() in (".jsonl", ".json"):
        return _checked(path.stem, list(_of_json(text, path.name)), [])
    if len(text.split()) < 100:
        raise BadInput(
            f"“{path.name}” has {len(text.split())} words; fine-tuning needs at least 100.",
            "Choose a longer text, or a CSV file with prompts and answers.",
        )
    return Examples(path.stem, text=text)


def read_prompts(path: Path) -> tuple[str, ...]:
    """Return the prompts of a file: a column of that name or the first one, or each line.

    Raises:
        BadInput: It cannot be read, or has too few.
    """
    if path.suffix.lower() in (".csv", ".tsv", ".jsonl", ".json"):
        rows = rows_of(path)
        prompts = [
            next((row[n] for n in (*_PROMPTS, *row) if isinstance(row.get(n), str)), "")
            for row in rows
        ]
    else:
        prompts = _text(path).splitlines()
    once = tuple(dict.fromkeys(prompt.strip() for prompt in prompts if prompt.strip()))[:MOST]
    if len(once) < FEWEST:
        raise BadInput(
            f"“{path.name}” has {only(len(once), 'different prompts')}; at least {FEWEST} are "
            "needed.",
            "Choose a file with a prompt in each line, or a column of prompts.",
        )
    return once


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a CSV, TSV, JSONL or JSON file, by names in small letters.

    Raises:
        BadInput: It cannot be read.
    """
    text = _text(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        heads, *table = csv_rows(text, path.name)
        rows: list[Any] = [dict(zip(heads, row)) for row in table]
    else:
        rows = _json_rows(text, path.name)
    objects = [row for row in rows if isinstance(row, Mapping)]
    return [{str(key).strip().lower(): value for key, value in row.items()} for row in objects]


def _text(path: Path) -> str:
    if path.is_dir():
        raise BadInput(f"“{path.name}” is a folder.", "Choose a file: CSV, JSONL or plain text.")
    try:
        data = read_regular(path)
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
    if len(data) > MOST_BYTES:
        raise BadInput(
            f"“{path.name}” is larger than {MOST_BYTES >> 20} MiB.", "Choose a part of it."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"“{path.name}” is not UTF-8.", "Save it as UTF-8.") from error


def _of_table(text: str, name: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return two columns, those that their names tell, else the first two; and a note on that."""
    rows, notes = csv_rows(text, name), list[str]()
    if max(map(len, rows)) < 2:
        raise BadInput(
            f"“{name}” has one column; fine-tuning needs a prompt and an answer in each row.",
            "Add a column, or choose a .txt file to learn from plain text.",
        )
    heads = [head.strip().lower() for head in rows[0]]
    prompt, answer = _named(heads, _PROMPTS), _named(heads, _ANSWERS)
    if prompt is not None and answer is not None:
        rows = rows[1:]
    else:
        prompt, answer = 0, 1
        notes.append(
            sentence(
                "No columns are named prompt and answer, so the first two are used, and the first "
                "row is an example."
            )
        )
    return [(row[prompt], row[answer]) for row in rows if len(row) > max(prompt, answer)], notes


def _named(heads: Sequence[str], names: Sequence[str]) -> int | None:
    return next((heads.index(name) for name in names if name in heads), None)


def _json_rows(text: str, name: str) -> list[Any]:
    try:
        if text.lstrip().startswith("["):
            return list(json.loads(text))
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise BadInput(f"“{name}” is not valid JSON: {error}.", "Correct it.") from error


def _of_json(text: str, name: str) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(_json_rows(text, name), 1):
        pair = _pair(row)
        if pair is None:
            raise BadInput(
                f"Entry {number} of “{name}” has no prompt and answer.",
                'Each entry needs both: {"prompt": "…", "answer": "…"}.',
            )
        yield pair


def _pair(row: Any) -> tuple[str, str] | None:
    """Return a prompt and an answer: by their keys, or of a conversation the first two turns."""
    if not isinstance(row, Mapping):
        return None
    turns = row.get("messages") or row.get("conversations")
    if isinstance(turns, list):
        messages = [t for t in turns if isinstance(t, Mapping) and t.get("role") != "system"][:2]
        texts = [turn.get("content") for turn in messages]
    else:
        keys = {str(key).lower(): value for key, value in row.items()}
        texts = [
            next((keys[name] for name in names if name in keys), None)
            for names in (_PROMPTS, _ANSWERS)
        ]
    if len(texts) != 2 or not all(isinstance(text, str) for text in texts):
        return None
    return str(texts[0]), str(texts[1])


def _checked(title: str, pairs: list[tuple[str, str]], notes: list[str]) -> Examples:
    whole = [(p.strip(), a.strip()) for p, a in pairs if p.strip() and a.strip()]
    if len(whole) < len(pairs):
        notes.append(
            sentence(
                "Left out: pairs without a prompt or an answer ({count}).",
                count=f"{len(pairs) - len(whole):,}",
            )
        )
    once = list(dict.fromkeys(whole))
    if len(once) < len(whole):
        notes.append(
            sentence(
                "Left out: pairs that came before ({count}).",
                count=f"{len(whole) - len(once):,}",
            )
        )
    if len(once) > MOST:
        notes.append(sentence("Only the first {count} pairs are used.", count=f"{MOST:,}"))
    if len(once) < FEWEST:
        raise BadInput(
            f"“{title}” has {only(len(once), 'different pairs')}; fine-tuning needs at least "
            f"{FEWEST}, and "
            "some hundred to learn something of use.",
            "Choose a file with more prompts and answers.",
        )
    return Examples(title, once[:MOST], notes=notes)
