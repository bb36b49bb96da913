"""How long this engine takes for what it need not do again, in a process of its own.

``python -m studio.runtime.engines.text.bench.timings WEIGHTS DEVICE`` prints one JSON object. On a
processor all times are the process's own, on one thread: who else computes does not count.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from studio.api.worker.text import SamplingParams
from studio.runtime.devices.device import Device
from studio.runtime.devices.discovery import find_devices
from studio.runtime.devices.memory import give_back
from studio.runtime.engines.text.bench.transformers_timings import tokens_a_second
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.generation.prompt_lookup import PromptLookup

ROUNDS = 3
TOKENS = 96

CODE = '''class Basket:
    """Things that somebody wants to buy."""

    def __init__(self):
        self.items = []

    def add(self, name, price, count=1):
        self.items.append((name, price, count))

    def total(self):
        return sum(price * count for name, price, count in self.items)

    def remove(self, name):
        self.items = [item for item in self.items if item[0] != name]
'''
STORY = "The keeper of the lighthouse wrote down what he saw. " * 80


@dataclass
class Written:
    """One text and what it took.

    Attributes:
        first: Seconds to the first token.
        rest: Seconds for the others.
    """

    first: float = 0.0
    rest: float = 0.0
    tokens: list[int] = field(default_factory=list)

    @property
    def per_token(self) -> float:
        """Seconds a token after the first."""
        return self.rest / max(len(self.tokens) - 1, 1)


def measure(engine: TextEngine) -> dict[str, float]:
    """Return ratios, each the median of rounds that take both sides in turn.

    Returns:
        ``second_turn``: time to the first token of a question after 1,000 known tokens, by that
        with all of them new. ``edit``: speed of a file written again with one name changed, by
        that without guesses. ``plain_text``: the same for a story, where guesses seldom help.
    """
    return {
        "second_turn": _median(lambda: _second_turn(engine)),
        "edit": _median(lambda: _guessing(engine, _edit(engine))),
        "plain_text": _median(lambda: _guessing(engine, _story(engine))),
    }


def measure_device(engine: TextEngine) -> dict[str, float]:
    """Return how near decoding comes to what the device's memory allows.

    Returns:
        ``bandwidth_share``: bytes of weights read a second by those that a copy moves;
        ``weights_bytes`` and ``tokens_per_second`` are what it is made of. ``streams8``: speed of
        eight texts together by that of one, drawn by chance all of them.
    """
    prompt = _story(engine)
    _write(engine, prompt)  # captures the step
    plain = min(_write(engine, prompt).per_token for _ in range(ROUNDS))
    one, eight = (min(_drawn(engine, prompt, texts) for _ in range(ROUNDS)) for texts in (1, 8))
    moved = _read_bytes(engine) / plain
    return {
        "bandwidth_share": moved / _copied_bytes_a_second(engine.model.device),
        "weights_bytes": engine.model.weights_bytes,
        "tokens_per_second": 1 / plain,
        "streams8": one / eight,
    }


def _read_bytes(engine: TextEngine) -> int:
    """Return the bytes of weights that a token needs: not those of an embedding that is no head."""
    model = engine.model
    if isinstance(model, Llama) and not model.config.tied:
        return model.weights_bytes - int(model.embedding.weight.nbytes)
    return model.weights_bytes


def _drawn(engine: TextEngine, prompt: Sequence[int], texts: int) -> float:
    """Return the seconds a token of so many texts together, after the first."""
    wishes = [SamplingParams(temperature=0.8, seed=n, max_tokens=TOKENS) for n in range(texts)]
    count, began = 0, 0.0
    for _, step in engine.generate_many(prompt, wishes):
        count += step.kind == "token"
        began = began or (time.perf_counter() if step.kind == "token" else 0.0)
    return (time.perf_counter() - began) / max(count - 1, 1)


def _second_turn(engine: TextEngine) -> float:
    known = engine.encode(STORY)[:1_000]
    question = engine.encode("\nWhat was the weather like?")
    engine.prefixes.clear()
    whole = _write(engine, [*known, *question], 1)
    engine.prefixes.clear()
    _write(engine, known, 1)
    return _write(engine, [*known, *question], 1).first / whole.first


def _guessing(engine: TextEngine, prompt: Sequence[int]) -> float:
    with _no_guesses():
        plain = _write(engine, prompt)
    guessed = _write(engine, prompt)
    assert guessed.tokens == plain.tokens, "guesses never change a text"
    return plain.rest / guessed.rest


@contextmanager
def _no_guesses() -> Iterator[None]:
    guess = PromptLookup.guess
    PromptLookup.guess = lambda self, most: []  # type: ignore[method-assign]
    try:
        yield
    finally:
        PromptLookup.guess = guess  # type: ignore[method-assign]


def _edit(engine: TextEngine) -> list[int]:
    asked = f"Repeat this file, and rename the class Basket to Cart.\n```python\n{CODE}```"
    return engine.render(
        [
            {"role": "user", "content": asked},
            {"role": "assistant", "content": "```python\nclass Cart:"},
        ]
    )


def _story(engine: TextEngine) -> list[int]:
    return engine.render([{"role": "user", "content": "Tell me a long story about a lighthouse."}])


def _write(engine: TextEngine, prompt: Sequence[int], tokens: int = TOKENS) -> Written:
    clock: Callable[[], float] = time.perf_counter
    if engine.model.device.type == "cpu":
        clock = time.process_time
    wish = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=tokens)
    written, began = Written(), clock()
    for step in engine.generate(prompt, wish):
        if step.kind != "prefill" and not written.first:
            written.first = clock() - began
        if step.kind == "token":
            written.tokens.append(step.token)
    written.rest = clock() - began - written.first
    return written


def _copied_bytes_a_second(device: torch.device) -> float:
    """Return what a copy reads and writes a second: the most that memory gives."""
    source = torch.empty(1 << 30, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(5):
        torch.cuda.synchronize(device)
        began = time.perf_counter()
        target.copy_(source)
        torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - began)
    return 2 * source.nbytes / best


def _median(measured: Callable[[], float]) -> float:
    return statistics.median(measured() for _ in range(ROUNDS))


def _names(device: Device) -> tuple[str, ...]:
    return device.torch_name, device.torch_name.partition(":")[0], device.kind


def beside_transformers(
    ours: float, path: Path, device: str, prompt: Sequence[int]
) -> dict[str, Any]:
    """Return ``by_transformers``: our tokens a second by its, and what its are."""
    theirs = tokens_a_second(path, device, prompt, TOKENS)
    if rate := theirs.get("tokens_per_second"):
        theirs = {"ratio": ours / rate, **theirs}
    return {"by_transformers": theirs}


def main(path: str, device: str) -> dict[str, Any]:
    """Load the weights at ``path`` and measure on ``device``: ``cuda``, ``cuda:1``, ``rocm``."""
    if device == "cpu":
        torch.set_num_threads(1)
        return measure(TextEngine.load(Path(path)))
    found = find_devices("")
    cards = [each for each in reversed(found.devices) if each.kind in ("cuda", "rocm")]
    names = {name: each.torch_name for each in cards for name in _names(each)}
    if device not in names:
        what = "There is no supported GPU on this machine, so nothing was measured."
        return {"told": f"{what} {found.note}".strip()}
    device = names[device]
    engine = TextEngine.load(Path(path), device=device)
    ours, prompt = measure_device(engine), _story(engine)
    engine.close()
    give_back()
    return ours | beside_transformers(ours["tokens_per_second"], Path(path), device, prompt)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])) + "\n")
