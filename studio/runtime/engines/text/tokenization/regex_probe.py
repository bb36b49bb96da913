"""Tries a stranger's regular expressions on awkward text, in a child that is ended in time.

Run by path with ``python -I -S`` it is that child: it reads one JSON list of patterns from stdin,
tries them, and ends with 0 if they are good.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

SECONDS = 2.0
"""Of a processor, where the system counts them: a busy machine is no fault of a pattern."""
PATIENCE_SECONDS = 60.0
"""Of the clock, for the child's start and its trial."""
PROBE_LENGTH = 1_000


def check_patterns(path: Path, patterns: Iterable[str]) -> None:
    """Refuse patterns that take more than 2 seconds on 1 KB of text.

    Args:
        path: The file they come from, for the message.
        patterns: Regular expressions in the tokenizer library's dialect.

    Raises:
        StudioError: One of them is too slow, or none at all.
    """
    from studio.runtime.engines.text.formats.load_errors import bad_weights
    from studio.runtime.engines.text.tokenization.tokenizer_gguf import LLAMA3_SPLIT, QWEN2_SPLIT

    unknown = sorted(set(patterns) - {LLAMA3_SPLIT, QWEN2_SPLIT})
    if unknown and not _passes(unknown):
        raise bad_weights(
            path,
            f"a regular expression of its tokenizer is broken or too slow (more than {SECONDS:g} "
            f"seconds for {PROBE_LENGTH} characters)",
            "Download this model from another source.",
        )


def _passes(patterns: list[str]) -> bool:
    from studio.runtime.engines.text.tokenization.isolated_interpreter import (
        bare_environment,
        bare_python,
        homes,
    )

    try:
        child = subprocess.run(
            bare_python(Path(__file__), *homes("tokenizers")),
            input=json.dumps(patterns).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=bare_environment(),
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return child.returncode == 0


def probes(patterns: Iterable[str]) -> list[str]:
    """Return texts that make ambiguous patterns backtrack: long runs with an odd end."""
    letters = {letter for pattern in patterns for letter in pattern if letter.isalnum()}
    runs = [*sorted(letters)[:64], "a", "A", "1", " ", "\n", "-", "é", "中", "aA1 ", "a b"]
    return [(run * PROBE_LENGTH)[: PROBE_LENGTH - 1] + end for run in runs for end in "!\x00a"]


def _main() -> None:
    sys.path.extend(sys.argv[1:])
    from tokenizers import Regex, pre_tokenizers

    patterns = json.load(sys.stdin)
    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # nobody handles its signal: it ends us
    for split in splits:
        for probe in probes(patterns):
            split.pre_tokenize_str(probe)


if __name__ == "__main__":
    _main()
