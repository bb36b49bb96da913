"""An engine in a process of its own, asked one thing at a time."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

_HARNESS = Path(__file__).with_name("harness.py")


class NotMeasured(Exception):
    """An engine cannot be asked; the message says why."""


class Child:
    """The harness, run by the Python that has the engine.

    Attributes:
        title: What the engine is called before it told its name.
    """

    def __init__(
        self, title: str, python: str, module: str, path: Path, threads: int, *words: str
    ) -> None:
        self.title = title
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
        self._process = subprocess.Popen(
            [python, "-P", str(_HARNESS), module, str(path), str(threads), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )

    def ask(self, do: str, **words: Any) -> dict[str, Any]:
        """Return what the harness answers.

        Raises:
            NotMeasured: The engine failed, or its process ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps({"do": do, **words}) + "\n")
            stdin.flush()
            line = stdout.readline()
        except OSError:
            line = ""
        if not line:
            code = self._process.wait()
            raise NotMeasured(f"its process exited with {code} during “{do}”")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise NotMeasured(answer["error"])
        return answer

    def seconds(self, do: str, **words: Any) -> float:
        """Return how long something took."""
        return float(self.ask(do, **words)["seconds"])

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process: by the end of its input, or else by force."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
