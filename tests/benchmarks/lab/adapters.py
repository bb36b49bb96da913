"""The bench ``lab-finetune``: what 200 pairs teach the language model that is here.

Orders in plain words become one line of a fixed form. It says how likely held-out answers are
before and after, how many of them are written exactly as they should be, and what that took.
STUDIO_BENCH_LAB_EPOCHS is how often each pair is seen (3 without it), STUDIO_BENCH_LAB_PAIRS how
many there are (200).
"""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from studio.api import BenchContext

PAIRS: Final = 200
EPOCHS: Final = 3
_SEED: Final = 1
_NAMES = ("Anna", "Boris", "Chen", "Dina", "Emil", "Farah", "Gus", "Hana", "Ivo", "Jana", "Karl")
_GOODS = ("apples", "bolts", "candles", "desks", "envelopes", "forks", "gloves", "hinges", "lamps")
_CITIES = ("Bergen", "Cork", "Delft", "Essen", "Faro", "Ghent", "Graz", "Lund", "Porto", "Turin")
_WORDS = (
    "{name} from {city} would like {count} {goods} by day {day}.",
    "Please send {count} {goods} to {name} in {city}, not later than day {day}.",
    "Day {day} at the latest: {name} ({city}) needs {count} {goods}.",
    "{count} {goods} for {name}; deliver to {city} before day {day}.",
)
_FORM = "{goods}={count}; to={name}/{city}; due={day}"


def orders(count: int, seed: int = _SEED) -> list[tuple[str, str]]:
    """Return so many different orders, each with the line that stands for it."""
    drawn, made = random.Random(seed), dict[str, str]()
    while len(made) < count:
        facts = {
            "name": drawn.choice(_NAMES),
            "goods": drawn.choice(_GOODS),
            "city": drawn.choice(_CITIES),
            "count": drawn.randint(2, 99),
            "day": drawn.randint(1, 28),
        }
        made[drawn.choice(_WORDS).format(**facts)] = _FORM.format(**facts)
    return list(made.items())


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return nats per token of held-out answers after for each before, and the rest."""
    pairs = orders(int(os.environ.get("STUDIO_BENCH_LAB_PAIRS", PAIRS)))
    path = _written(ctx.scratch / "orders.csv", pairs)
    epochs = int(os.environ.get("STUDIO_BENCH_LAB_EPOCHS", EPOCHS))
    ctx.say(f"{len(pairs)} pairs, {epochs} epochs")
    asked = {"data": str(path), "epochs": epochs, "seed": _SEED, "minutes": 600}
    found = ctx.run("lab.finetune", asked)
    measures = found["measures"]
    return {
        "ratio": measures["factor"],
        "nats per token before": measures["held_out_before"],
        "nats per token after": measures["held_out_after"],
        "perplexity": [measures["perplexity_before"], measures["perplexity_after"]],
        "held-out tokens": measures["tokens"],
        "steps": found["steps"],
        "seconds": found["seconds"],
        "model": found["base"],
        "parameters": found["parameters"],
    }


def _written(path: Path, pairs: list[tuple[str, str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("prompt", "answer"), *pairs])
    return path
