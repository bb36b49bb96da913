"""The child of the bench ``text``: one engine, asked by lines of JSON. Knows no studio.

Run by the Python that has the engine: ``python harness.py MODULE PATH THREADS WORDS…``. The module
has a class ``Engine(path, threads, *words)`` with

* ``name``: with its version,
* ``read(tokens)``: go on with some texts, {text: token ids}, and compute what follows each,
* ``forget()``: all texts,
* ``scores(tokens)``: bytes of float32, (tokens, vocabulary), after each token of a new text,
* ``close()``.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from typing import Any

VOCABULARY = 3_000
"""Token ids are drawn from the first ones: every model has them."""


def drawn(count: int) -> list[int]:
    """Return token ids, always the same ones."""
    return [(7 * i * i + 3) % VOCABULARY + 100 for i in range(count)]


class Measuring:
    """What the parent may ask for. Seconds of the processor with one thread, else of the wall."""

    def __init__(self, module: str, path: str, threads: int, words: list[str]) -> None:
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        self._class = importlib.import_module(module).Engine
        self._words = (path, threads, *words)
        self._clock = time.process_time if threads == 1 else time.perf_counter
        self._engine: Any = None

    def load(self) -> dict[str, Any]:
        """Load the model, a loaded one away."""
        if self._engine is not None:
            self._engine.close()
        began = self._clock()
        self._engine = self._class(*self._words)
        return {"seconds": self._clock() - began, "name": self._engine.name}

    def prefill(self, tokens: int) -> dict[str, Any]:
        """Read a prompt."""
        self._engine.forget()
        began = self._clock()
        self._engine.read({0: drawn(tokens)})
        return {"seconds": self._clock() - began}

    def decode(self, tokens: int, after: int, streams: int) -> dict[str, Any]:
        """Go on with texts token by token, all of them in each step."""
        self._engine.forget()
        for text in range(streams):
            self._engine.read({text: drawn(after)})
        began = self._clock()
        for token in drawn(tokens):
            self._engine.read({text: [token + text] for text in range(streams)})
        return {"seconds": self._clock() - began}

    def scores(self, tokens: list[int], file: str) -> dict[str, Any]:
        """Write the scores after each token to ``file``."""
        self._engine.forget()
        with open(file, "wb") as stream:
            stream.write(self._engine.scores(tokens))
        return {}

    def ask(self, method: str, **words: Any) -> dict[str, Any]:
        """Ask the engine for what only it knows."""
        return {"answer": getattr(self._engine, method)(**words)}


def main(module: str, path: str, threads: str, *words: str) -> None:
    """Answer until the parent closes its end. What the engine prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    measuring = Measuring(module, path, int(threads), list(words))
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(measuring, command.pop("do"))(**command)
        except Exception as error:  # noqa: BLE001 - whatever an engine throws is a figure that is missing
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
