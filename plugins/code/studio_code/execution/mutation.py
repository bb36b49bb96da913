"""Whether tests notice faults: faulty versions of a file, all tried in one run in the sandbox."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from studio.api import Event, TaskContext
from studio_code.execution import report
from studio_code.execution.mutants import Mutant, mutants_of
from studio_code.execution.python_runner import inside

MOST: Final = 40
SECONDS: Final = 20.0
"""All versions together; those that are not reached are not counted."""
EACH: Final = 3.0


@dataclass(frozen=True)
class Mutation:
    """Result of mutation testing.

    Attributes:
        tried: Number of mutants that were run.
        survived: Mutants that no test detected.
    """

    tried: int = 0
    survived: tuple[Mutant, ...] = ()

    @property
    def killed(self) -> int:
        """How many a test noticed."""
        return self.tried - len(self.survived)


def measure(
    ctx: TaskContext,
    files: Mapping[str, str],
    path: str,
    tests: Sequence[str],
    *,
    seconds: float = SECONDS,
) -> Generator[Event, None, Mutation]:
    """Try faulty versions of the file ``path`` with the files ``tests``, which pass without."""
    versions = mutants_of(files[path], MOST)
    if not versions:
        return Mutation()
    wish = {
        "path": path,
        "tests": list(tests),
        "versions": [mutant.text for mutant in versions],
        "seconds": seconds,
        "each": EACH,
    }
    message = f"Testing {len(versions)} mutants"
    _, data = yield from inside(ctx, "mutant_runner", files, wish, seconds + 10, message=message)
    noticed = report.read(data).noticed
    killed = {number for number in noticed if 0 <= number < len(versions)}
    survived = tuple(versions[number] for number in sorted(killed) if not noticed[number])
    return Mutation(len(killed), survived)
