"""The bench ``structured``: answers held to random schemas, and what holding them costs."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from studio.api.jobs import JobRequest
from studio.cli.terminal.job_progress import JobProgress
from studio.cli.terminal.studio_session import StudioSession
from studio.jobs.job import Job
from studio.protocol.errors import ErrorCode, StudioError
from studio.studio import Studio

ANSWERS = 200
AT_ONCE = 8
PAIRS = 5
TOKENS = 64
PROMPT = "An example of a record, in JSON:\n"
# A long string: nearly every token may come next, which is what costs most.
WIDE = {"type": "string", "minLength": 4_000}
_FREELY = {
    "raw": True, "temperature": 1, "top_k": 0, "top_p": 1, "min_p": 0, "repetition_penalty": 1
}  # fmt: skip


def measure(session: StudioSession) -> dict[str, Any]:
    """Ask for 200 answers of 200 forms at temperature 1, and for long texts with and without one.

    ``ratio`` is the time of a token without a form by that with one: 1 is free.
    """
    judge = _judge()
    weights = session.weights.default_for("text").id
    common = {**_FREELY, "prompt": PROMPT, "weights": weights}
    with session.studio() as studio:
        follower = JobProgress(studio, show_progress=False, show_text=False)
        plain, held = _rates(studio, follower, common)
        ends: dict[str, int] = {}
        valid = 0
        for first in range(0, ANSWERS, AT_ONCE):
            seeds = range(first, min(first + AT_ONCE, ANSWERS))
            for seed, job in [(seed, _ask(studio, common, seed)) for seed in seeds]:
                result = _result(follower, job)
                reason = str(result["finish_reason"])
                ends[reason] = ends.get(reason, 0) + 1
                valid += judge(str(result["text"]), random_schema(seed))
    return {
        "ratio": held / plain,
        "overhead_ms_per_token": 1000 / held - 1000 / plain,
        "valid": valid,
        "answers": ANSWERS,
        **{f"ended_by_{reason}": count for reason, count in sorted(ends.items())},
        "tokens_per_second": held,
        "weights": weights,
    }


def random_schema(seed: int) -> dict[str, Any]:
    """Return a small JSON schema, the same for the same ``seed``: at most three levels."""
    draw = random.Random(seed)
    return {"$defs": {"part": _schema(draw, 1)}, **_schema(draw, 3)}


def _schema(draw: random.Random, depth: int) -> dict[str, Any]:
    makers = [_object, _list, _choice, _pair] if depth > 1 else _LEAVES
    return draw.choice(makers)(draw, depth - 1)


def _object(draw: random.Random, depth: int) -> dict[str, Any]:
    names = draw.sample(["name", "age", "tags", "is open", "größe", "a/b", "note"], 3)
    return {
        "type": "object",
        "properties": {name: _schema(draw, draw.randint(0, depth)) for name in names},
        "required": names[: draw.randint(1, 3)],
        "additionalProperties": False,
    }


def _list(draw: random.Random, depth: int) -> dict[str, Any]:
    least = draw.randint(0, 2)
    items = _schema(draw, depth)
    return {"type": "array", "items": items, "minItems": least, "maxItems": least + 2}


def _choice(draw: random.Random, depth: int) -> dict[str, Any]:
    return {"anyOf": [_schema(draw, depth), {"type": "null"}]}


def _pair(draw: random.Random, depth: int) -> dict[str, Any]:
    first = {"$ref": "#/$defs/part"}
    rest = {"prefixItems": [first, _schema(draw, depth)], "items": False, "minItems": 2}
    return {"type": "array", **rest}


_LEAVES: list[Callable[[random.Random, int], dict[str, Any]]] = [
    lambda draw, _: {"type": "string", "maxLength": draw.randint(0, 20)},
    lambda draw, _: {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{2,4}$"},
    lambda draw, _: {"type": "string", "format": draw.choice(["date", "uuid", "ipv4"])},
    lambda draw, _: {"type": "integer", "minimum": -3, "maximum": draw.randint(0, 10**6)},
    lambda draw, _: {"type": "number"},
    lambda draw, _: {"type": ["boolean", "null"]},
    lambda draw, _: {"enum": ["red", "gr“ü”n", 7, None, ["a"]]},
    lambda draw, _: {"const": {"k": [1, "\\ \n"]}},
]


def _ask(studio: Studio, common: Mapping[str, Any], seed: int) -> Job:
    schema = json.dumps(random_schema(seed))
    params = {**common, "seed": seed, "max_tokens": 512, "schema": schema}
    return studio.submit(JobRequest("chat.reply", params, keep=False, whole=True))


def _rates(studio: Studio, follower: JobProgress, common: Mapping[str, Any]) -> tuple[float, float]:
    """Return tokens a second without a form and with one, each the best of alternate runs:
    whatever else the machine does makes a run slower, never faster.
    """
    rates: dict[str, list[float]] = {"": [], json.dumps(WIDE): []}
    for pair in range(-1, PAIRS):  # the first loads and warms up
        for schema, found in rates.items():
            params = {**common, "schema": schema, "max_tokens": TOKENS, "seed": max(pair, 0)}
            result = _result(
                follower, studio.submit(JobRequest("chat.reply", params, keep=False, whole=True))
            )
            if pair >= 0 and result["tokens"] > TOKENS / 2:
                found.append(float(result["tokens_per_second"]))
    plain, held = map(max, rates.values())
    return plain, held


def _result(follower: JobProgress, job: Job) -> Mapping[str, Any]:
    follower.follow(job)
    if job.error:
        raise job.error
    return job.result


def _judge() -> Callable[[str, Mapping[str, Any]], bool]:
    """Return what says whether a text is JSON of a schema: a library that knows nothing of ours."""
    try:
        import jsonschema  # type: ignore[import-untyped]
    except ImportError as error:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            "This benchmark needs the package jsonschema, which is not installed.",
            "Install it with `pip install jsonschema`.",
        ) from error

    def judge(text: str, schema: Mapping[str, Any]) -> bool:
        try:
            value = json.loads(text)
        except ValueError:
            return False
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        return bool(jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(value))

    return judge
