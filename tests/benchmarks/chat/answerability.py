"""The bench ``chat-answerability``: are questions declined that their documents do not answer?

Each question is asked twice, with *Answer only from documents* and without, in turns; a document is
read before its times count. STUDIO_BENCH_WEIGHTS names other weights, STUDIO_BENCH_ANSWERS another
file of documents and questions, STUDIO_BENCH_ANSWERS_LOG one (JSON lines) that a run goes on from.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from studio.api import BenchContext

LONGEST: Final = 96
"""Tokens of a reply."""
_HERE: Final = Path(__file__).parent


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the shares of questions declined and answered, and what deciding that takes.

    Raises:
        StudioError: A question cannot be asked.
    """
    weights = ctx.weights_for("text", os.environ.get("STUDIO_BENCH_WEIGHTS", ""))
    asked = Path(os.environ.get("STUDIO_BENCH_ANSWERS", _HERE / "answerability.toml"))
    documents = tomllib.loads(asked.read_text("utf-8"))["documents"]
    folder = ctx.scratch / "documents"
    folder.mkdir()
    for document in documents:
        if document["file"]:
            (folder / document["file"]).write_text(document["text"].strip() + "\n", "utf-8")
    log = Path(os.environ.get("STUDIO_BENCH_ANSWERS_LOG") or ctx.scratch / "replies.jsonl")
    rows = list(_rows(ctx, documents, folder, weights, log))
    return figures(rows) | {"weights": weights}


def figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the rows of a log come to; a model is not needed for it."""
    answerable = [row for row in rows if row["answer"]]
    unanswerable = [row for row in rows if not row["answer"]]

    def share(count: int, rows: list[dict[str, Any]]) -> float:
        return round(count / max(len(rows), 1), 3)

    right = [row for row in answerable if not row["declined"] and _is_right(row, "text")]
    declined = [row for row in unanswerable if row["declined"]]
    times = [sum(row[name] for row in rows) for name in ("seconds", "plain_seconds")]
    return {
        "time_ratio": round(times[0] / times[1], 3) if times[1] else None,
        "declined": share(len(declined), unanswerable),
        "answered_right": share(len(right), answerable),
        "without_answer": len(unanswerable),
        "with_answer": len(answerable),
        "plain_right": share(sum(_is_right(row, "plain") for row in answerable), answerable),
        "answered_without": [row["question"] for row in unanswerable if not row["declined"]],
        "declined_with": [row["question"] for row in answerable if row["declined"]],
        "wrong": [r["question"] for r in answerable if r not in right and not r["declined"]],
    }


def _is_right(row: Mapping[str, Any], which: str) -> bool:
    return re.search(row["answer"], " ".join(row[which].lower().split())) is not None


def _rows(
    ctx: BenchContext, documents: list[Any], folder: Path, weights: str, log: Path
) -> Iterator[dict[str, Any]]:
    known = {}
    if log.is_file():
        for line in log.read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError):  # a sudden end tears the last line
                row = json.loads(line)
                known[row["file"], row["question"], row["weights"]] = row
    for document in documents:
        path = folder / document["file"]
        pairs = [*document["answered"], *([question, ""] for question in document["unanswered"])]
        is_read = False
        for number, (question, answer) in enumerate(pairs):
            key = document["file"], question, weights
            if key not in known:
                if not is_read:
                    ctx.say(f"Reading {document['file'] or 'the folder'}")
                    _asked(ctx, path, question, weights, max_tokens=1)
                    is_read = True
                replies = {}
                for grounded in (True, False) if number % 2 else (False, True):
                    began = time.monotonic()
                    reply = _asked(ctx, path, question, weights, grounded=grounded)
                    replies[grounded] = reply, round(time.monotonic() - began, 2)
                known[key] = {
                    "file": document["file"],
                    "question": question,
                    "answer": answer,
                    "weights": weights,
                    "text": replies[True][0]["text"],
                    "declined": bool(replies[True][0].get("declined")),
                    "sources": replies[True][0]["sources"],
                    "seconds": replies[True][1],
                    "plain": replies[False][0]["text"],
                    "plain_seconds": replies[False][1],
                }
                with log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(known[key]) + "\n")
            yield known[key]


def _asked(
    ctx: BenchContext, path: Path, question: str, weights: str, **more: Any
) -> Mapping[str, Any]:
    asked = {"prompt": question, "documents": [str(path)], "weights": weights, "seed": 1}
    values = {"temperature": 0.0, "max_tokens": LONGEST, "grounded": False, **more}
    return ctx.run("chat.reply", asked | values)
