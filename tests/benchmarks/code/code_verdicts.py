"""The bench ``code-verdicts``: what a verdict on generated code is worth, by hidden tests.

Sixty requests in users' words are written and judged by ``code.write``; a hidden test says whether
the result is right. What counts are green verdicts that are wrong, and how many right ones are
green. Nothing of these requests was looked at while the verdicts were made; those that were are in
the set ``dev``.

STUDIO_BENCH_VERDICTS_RECORD is a file (JSON lines) of what the model wrote: a run goes on where it
was ended, and what is there is judged anew without a model. …_SET=dev takes the other requests,
…_EVERY each n-th, …_SECONDS asks for none after so long, …_WEIGHTS names the weights.
"""

from __future__ import annotations

import os
import secrets
import statistics
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.code.run_log import Line, RunLog
from studio.api import BenchContext, StudioError
from studio_code.generation.cases import defined_names

_SECONDS_OF_A_TEST: Final = 15
_SHARES: Final = (1.0, 0.8, 0.6, 0.5, 0.4, 0.0)
_TIMED: Final = 6
"""Each so many-th request is also written once without any verdict, for its time."""


class Request(msgspec.Struct, frozen=True):
    """What is asked for, and the test that judges it."""

    id: str
    prompt: str
    tests: str
    kind: str = ""


class Recorded(Line, frozen=True):
    """What a model wrote for one request.

    Attributes:
        versions: Those that were written apart; ``repairs``: those after them, in order.
        wordings: In which words each version was asked for.
        tests: What it wrote as tests.
        seconds: How long all took, verdict included; ``alone``: an answer without verdict.
    """

    versions: list[str]
    wordings: list[int]
    tests: str = ""
    repairs: list[str] = []
    seconds: float = 0.0
    alone: float = 0.0


class Judged(msgspec.Struct, frozen=True):
    """A verdict, and whether the code is right."""

    id: str
    state: str
    right: bool
    share: float
    reason: str


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the figures over the requests that were written, now or before."""
    weights = _setting("WEIGHTS", "") or ctx.weights_for("text", "code")
    chosen = requests(_setting("SET", ""))[:: int(_setting("EVERY", "1"))]
    path = Path(_setting("RECORD", "") or ctx.scratch / "answers.jsonl")
    log = RunLog(path, Recorded, weights)
    until = time.monotonic() + float(_setting("SECONDS", "inf"))
    judged: list[Judged] = []
    for number, request in enumerate(chosen):
        if request.id not in log.done:
            if time.monotonic() > until:
                continue
            if (line := _written(ctx, request, weights, timed=number % _TIMED == 0)) is None:
                continue
            log.add(line)
        judged.append(_judged(ctx, request, log.done[request.id]))
        ctx.say(_in_words(judged[-1], judged))
    lines = [log.done[item.id] for item in judged]
    return figures(judged, len(chosen)) | _times(lines) | {"weights": weights}


def requests(name: str) -> list[Request]:
    """Return a set of requests: those that are measured, or ``dev``."""
    file = f"verdict_requests_{name}.toml" if name else "verdict_requests.toml"
    text = Path(__file__).with_name(file).read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["requests"], list[Request])


def _setting(name: str, default: str) -> str:
    return os.environ.get(f"STUDIO_BENCH_VERDICTS_{name}", default)


def _written(ctx: BenchContext, request: Request, weights: str, *, timed: bool) -> Recorded | None:
    """Have a request written; None where nothing came of it."""
    wish = {"prompt": request.prompt, "weights": weights, "seed": 1}
    alone = 0.0
    try:
        if timed:
            start = time.monotonic()
            ctx.run("code.write", {**wish, "candidates": 1, "rounds": 0, "run": False})
            alone = time.monotonic() - start
        start = time.monotonic()
        response = ctx.run("code.write", wish)
    except StudioError as error:
        ctx.say(f"{request.id}: {error.message}")
        return None
    tries: Sequence[Mapping[str, Any]] = response["tries"]
    return Recorded(
        request.id,
        weights,
        [str(item["code"]) for item in tries if not item["round"]],
        [int(item["wording"]) for item in tries if not item["round"]],
        str(response["written_tests"]),
        [str(item["code"]) for item in tries if item["round"]],
        time.monotonic() - start,
        alone,
    )


def _judged(ctx: BenchContext, request: Request, line: Recorded) -> Judged:
    """Judge what was written as the studio does today, and by the hidden tests."""
    answers = {
        "versions": line.versions,
        "wordings": line.wordings,
        "tests": line.tests,
        "repairs": line.repairs,
    }
    wish = {"prompt": request.prompt, "weights": line.setting, "seed": 1}
    response = ctx.run("code.write", wish, {"answers": answers})
    verdict, agreed = response["verdict"], response["verdict"]["agreement"]
    return Judged(
        request.id,
        verdict["state"],
        _passes(ctx, request, response["code"]),
        agreed["agreeing"] / max(1, agreed["versions"]),
        verdict["reason"],
    )


def _passes(ctx: BenchContext, request: Request, code: str) -> bool:
    """Judge by the hidden test, in the sandbox; a program that ends early has not passed."""
    names = defined_names(code)
    token = secrets.token_hex(16)
    called = f"f = {names[-1]}" if names else ""
    text = "\n\n".join((code, called, request.tests, f"print({token!r})\n"))
    files = [{"path": "judged.py", "text": text}]
    response = ctx.run("code.run", {"seconds": _SECONDS_OF_A_TEST}, {"files": files})
    return response["exit_code"] == 0 and str(response["stdout"]).rstrip().endswith(token)


def _in_words(line: Judged, done: Sequence[Judged]) -> str:
    green = [item for item in done if item.state == "verified"]
    wrong = sum(not item.right for item in green)
    sign = "right" if line.right else "wrong"
    return f"{line.id:<20} {sign}  {line.state:<16} [{len(green)} green, {wrong} wrong of them]"


def figures(judged: Sequence[Judged], asked: int) -> dict[str, Any]:
    """Return one line per state, and how many greens there would be by how many must agree."""
    right = [item for item in judged if item.right]
    green = [item for item in judged if item.state == "verified"]
    good = sum(item.right for item in green)
    states = Counter(item.state for item in judged)
    return {
        "ratio": round(good / len(right), 3) if right else "none right",
        "requests": f"{len(judged)} of {asked}",
        "right": len(right),
        "green": len(green),
        "green and wrong": len(green) - good,
        "right and green": f"{good} of {len(right)}",
        **{
            state: f"{count}, {sum(e.right for e in judged if e.state == state)} right"
            for state, count in states.most_common()
        },
        "greens by share that agrees": list(_curve(judged)),
    }


def _curve(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield how many greens there are, and how many are wrong, by how many versions must agree."""
    able = [e for e in judged if e.state == "verified" or e.reason == "too few versions agree"]
    for share in _SHARES:
        green = [item for item in able if item.share >= share]
        wrong = sum(not item.right for item in green)
        yield f"{share:.0%}: {len(green)} green, {wrong} wrong"


def _times(lines: Sequence[Recorded]) -> dict[str, Any]:
    whole = [line.seconds for line in lines if line.alone]
    alone = [line.alone for line in lines if line.alone]
    if not alone:
        return {}
    return {
        "seconds, median": round(statistics.median(whole), 1),
        "times an answer without a verdict": round(sum(whole) / sum(alone), 2),
    }
