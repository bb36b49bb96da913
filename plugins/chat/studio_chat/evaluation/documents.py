"""The bench ``chat-documents``: do the first sources of an answer hold it?

Each question is asked as a person does, of one document; what counts is whether a passage that
answers is among the first three sources. STUDIO_BENCH_DOCUMENTS names the folder that
``plugins/chat/training/fetch_documents.py`` filled; STUDIO_BENCH_QUESTIONS may name another file
of questions.
"""

from __future__ import annotations

import os
import re
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from studio.api import BadInput, BenchContext

FIRST: Final = 3
_HERE: Final = Path(__file__).parent


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the share of questions that the first sources answer, of all and by document.

    Raises:
        BadInput: The documents are not there.
        StudioError: A question cannot be answered.
    """
    folder = Path(os.environ.get("STUDIO_BENCH_DOCUMENTS", ""))
    asked = Path(os.environ.get("STUDIO_BENCH_QUESTIONS", _HERE / "questions.toml"))
    documents = tomllib.loads(asked.read_text("utf-8"))["documents"]
    found: dict[str, Any] = {}
    missed: list[str] = []
    right = total = 0
    for document in documents:
        path = folder / document["file"]
        if not path.is_file():
            raise BadInput(
                f"{path} is not there.",
                "Run plugins/chat/training/fetch_documents.py FOLDER, and set "
                "STUDIO_BENCH_DOCUMENTS to that folder.",
            )
        ctx.say(f"Reading {path.name}")
        began = time.monotonic()
        text = ctx.run("chat.recognise", {"documents": [str(path)]})["documents"][0]["text"]
        found[f"{path.name}_read_seconds"] = round(time.monotonic() - began, 1)
        here = 0
        for question, answer in document["questions"]:
            if not _has(text, answer):
                raise BadInput(f"{path.name} does not answer “{question}”.", "Fetch it again.")
            is_right = any(_has(source, answer) for source in _sources(ctx, path, text, question))
            here += is_right
            missed += [] if is_right else [question]
        found[path.name] = f"{here} of {len(document['questions'])}"
        right += here
        total += len(document["questions"])
    return {"answered_by_first_three": round(right / total, 3), "questions": total, **found,
            "missed": missed}  # fmt: skip


def _sources(ctx: BenchContext, path: Path, text: str, question: str) -> list[str]:
    asked = {"prompt": question, "documents": [str(path)], "max_tokens": 1, "seed": 1}
    [source] = ctx.run("chat.reply", asked)["sources"]
    lines = text.split("\n")
    return ["\n".join(lines[first - 1 : last]) for first, last in source["lines"][:FIRST]]


def _has(text: str, answer: str) -> bool:
    return re.search(answer, " ".join(text.lower().split())) is not None
