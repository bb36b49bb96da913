"""Whether a model does what Chat's menu asks of it: a few texts, each with a check of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from studio.api import BenchContext
from studio_chat.word_diff import lost_numbers

TEXT = (
    "The museum opened in 1962 in a former tram depot in Graz. It shows 340 machines, most of them "
    "given by families of workers. Because the roof leaked, it was closed from 2009 to 2013 for "
    "repairs, which cost 4.2 million euros. Today about 80,000 people visit it each year, and "
    "schools may come for free on Tuesdays."
)
FAULTY = (
    "Me and my wife was going to the libary on 14 March, but it were closed allready. Ms Weber "
    "sayed we should of phoned before."
)
MENDED = ("library", "already", "said", "should have", "it was closed")
_GERMAN = frozenset(
    [
        "der",
        "die",
        "das",
        "und",
        "ist",
        "in",
        "am",
        "um",
        "mit",
        "von",
        "zu",
        "den",
        "bitte",
        "wurde",
    ]
)


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return what each change did, as shares and yes or no, and the weights that did it."""
    weights = ctx.weights_for("text")

    def made(change: str, text: str = TEXT, **more: Any) -> str:
        ctx.say(f"{change}…")
        values = {"text": text, "change": change, "seed": 1, "weights": weights, **more}
        return str(ctx.run("chat.rewrite", values)["text"])

    def summary(form: str) -> str:
        ctx.say(f"{form}…")
        values = {"text": TEXT, "form": form, "words": 40, "seed": 1, "weights": weights}
        return str(ctx.run("chat.summarise", values)["text"])

    corrected = made("proofread", FAULTY)
    german = made("translate", language="German")
    checks: dict[str, Callable[[], bool]] = {
        "proofread keeps figures": lambda: not lost_numbers(FAULTY, corrected),
        "translation is German": lambda: is_german(german),
        "translation keeps figures": lambda: "1962" in german and "340" in german,
        "shorter is shorter": lambda: _words(made("shorter")) < 0.9 * _words(TEXT),
        "longer is longer": lambda: _words(made("longer")) > 1.1 * _words(TEXT),
        "simpler is no copy": lambda: made("simpler") != TEXT,
        "formal is no copy": lambda: made("formal") != TEXT,
        "friendlier is no copy": lambda: made("friendly") != TEXT,
        "explanation is no copy": lambda: made("explain") != TEXT,
        "summary is short": lambda: _words(summary("paragraph")) < 0.85 * _words(TEXT),
        "key points are a list": lambda: summary("points").count("\n- ") > 1,
        "outline has headings": lambda: "## " in summary("outline"),
    }
    found = {name: check() for name, check in checks.items()}
    return {
        "weights": weights,
        "faults_mended": f"{sum(each in corrected for each in MENDED)} of {len(MENDED)}",
        "done": f"{sum(found.values())} of {len(found)}",
        **found,
    }


def is_german(text: str) -> bool:
    """Return whether a text has the small words of German."""
    words = re.findall(r"\w+", text.casefold())
    return sum(word in _GERMAN for word in words) > len(words) / 8


def _words(text: str) -> int:
    return len(text.split())
