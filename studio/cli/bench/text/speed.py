"""How fast engines load, read and write: in turn, so that whatever else runs slows all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from studio.api.worker.bench import median_figures
from studio.cli.bench.text.child import Child

PROMPT = 256
TOKENS = 24
AFTER = 128
STREAMS = 4

Measure = Callable[[Child], float]

RATES: Mapping[str, Measure] = {
    "decode": lambda child: TOKENS / child.seconds("decode", tokens=TOKENS, after=AFTER, streams=1),
    "prefill": lambda child: PROMPT / child.seconds("prefill", tokens=PROMPT),
    f"streams{STREAMS}": lambda child: (
        STREAMS * TOKENS / child.seconds("decode", tokens=TOKENS, after=AFTER, streams=STREAMS)
    ),
    "load": lambda child: 1 / child.seconds("load"),
}
"""What → tokens (or loads) a second. Every engine has loaded once before."""


def rates(children: Sequence[Child], rounds: int) -> list[dict[str, float]]:
    """Return for each child the median of each rate.

    Raises:
        NotMeasured: An engine failed.
    """
    speeds: list[dict[str, float]] = [{} for _ in children]
    for name, measure in RATES.items():
        once = [partial(measure, child) for child in children]
        figures = median_figures(rounds, *once, warm_up=int(name != "load"))
        for rate, figure in zip(speeds, figures, strict=True):
            rate[name] = figure
    return speeds
