"""The bench ``chat-documents``: do the first sources of an answer hold it?

Each question is asked as a person does, of one document; what counts is whether a passage that
answers is among the first three sources. STUDIO_BENCH_DOCUMENTS names the folder that
``plugins/chat/training/fetch_documents.py`` filled; STUDIO_BENCH_QUESTIONS may name another file
of questions, STUDIO_BENCH_DOCUMENTS_LOG one (JSON lines) that a run goes on from where it ended.
"""

from __future__ import annotations

import contextlib
import json
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
    log = Path(os.environ.get("STUDIO_BENCH_DOCUMENTS_LOG") or ctx.scratch / "answers.jsonl")
    known = _logged(log)
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
            if (path.name, question) not in known:
                sources = _sources(ctx, path, text, question)
                is_right = any(_has(source, answer) for source in sources)
                known[path.name, question] = is_right
                with log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([path.name, question, is_right]) + "\n")
            is_right = known[path.name, question]
            here += is_right
            missed += [] if is_right else [question]
        found[path.name] = f"{here} of {len(document['questions'])}"
        right += here
        total += len(document["questions"])
    return {"answered_by_first_three": round(right / total, 3), "questions": total, **found,
            "missed": missed}  # fmt: skip


def _logged(log: Path) -> dict[tuple[str, str], bool]:
    """Return what was asked before; a line that a sudden end tore was not."""
    known: dict[tuple[str, str], bool] = {}
    if log.is_file():
        for line in log.read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError):
                name, question, is_right = json.loads(line)
                known[name, question] = bool(is_right)
    return known


def _sources(ctx: BenchContext, path: Path, text: str, question: str) -> list[str]:
    asked = {"prompt": question, "documents": [str(path)], "max_tokens": 1, "seed": 1,
             "grounded": False}  # fmt: skip
    [source] = ctx.run("chat.reply", asked)["sources"]
    lines = text.split("\n")
    return ["\n".join(lines[first - 1 : last]) for first, last in source["lines"][:FIRST]]


def _has(text: str, answer: str) -> bool:
    return re.search(answer, " ".join(text.lower().split())) is not None
