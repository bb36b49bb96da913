"""The bench ``chat-everyday``: a hundred questions to chat models, judged by rule."""

from __future__ import annotations

import argparse
import time
import tomllib
from pathlib import Path
from typing import Any

from benchmarks.chat.everyday.rules import faults_of
from studio.api.jobs import JobRequest
from studio.cli.terminal import output
from studio.cli.terminal.job_progress import JobProgress
from studio.cli.terminal.studio_session import StudioSession
from studio.studio import Studio
from studio_chat.documents.languages import language_of

QUESTIONS = Path(__file__).with_name("questions.toml")
_MOST_TOKENS = 512
"""Of one answer; one that has not ended by then is wrong."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this bench takes."""
    parser.add_argument(
        "--weights", action="append", default=[], metavar="ID",
        help="a model that answers (may be repeated; all installed chat models otherwise)",
    )  # fmt: skip
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth question")
    parser.add_argument("--answers", action="store_true", help="print each answer")


def measure(session: StudioSession, arguments: argparse.Namespace) -> dict[str, Any]:
    """Ask each model the questions in new conversations, with Chat's own settings and one seed.

    Raises:
        StudioError: A model cannot be used.
    """
    questions = tomllib.loads(QUESTIONS.read_text("utf-8"))["questions"][:: max(1, arguments.every)]
    models = arguments.weights or [row.id for row in session.weights.list("text")]
    table = []
    with session.studio() as studio:
        for weights in models:
            right, began = 0, time.monotonic()
            for number, question in enumerate(questions, 1):
                answer, ended = _answer(studio, weights, question["ask"])
                faults = faults_of(answer, question, language_of) + ["length"] * (not ended)
                right += not faults
                verdict = f"wrong ({', '.join(faults)})" if faults else "right"
                output.hint(f"{weights} {number} of {len(questions)}: {verdict}: {question['ask']}")
                if arguments.answers:
                    output.hint(f"    {answer.strip()}")
            seconds = (time.monotonic() - began) / len(questions)
            table.append(
                {
                    "MODEL": weights,
                    "RIGHT": f"{right} of {len(questions)}",
                    "SHARE": right / len(questions),
                    "SECONDS A QUESTION": round(seconds, 2),
                }
            )
    return {"questions": len(questions), "table": table}


def _answer(studio: Studio, weights: str, text: str) -> tuple[str, bool]:
    """Return the answer of a model, and whether it ended of itself."""
    own = studio.weights.recommended(weights)
    asked = {"prompt": text, "weights": weights, "seed": 1, "assisted": True}
    params = {**own, **asked, "max_tokens": _MOST_TOKENS}
    job = studio.submit(JobRequest("chat.reply", params, keep=False, private=True, whole=True))
    JobProgress(studio, show_progress=False, show_text=False).follow(job)
    if job.error is not None:
        raise job.error
    return str(job.result["text"]), job.result["finish_reason"] == "stop"
