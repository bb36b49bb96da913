"""A studio that takes fifty inputs through three steps; killed, it goes on in its next life.

Run as ``python workflow_life.py HOME``: it says how many steps are done, and how many rows at last.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from studio.automation.workflows.sources import Given
from studio.testing import guards
from tests.unit.automation.workflows.talker import THREE_STEPS, desk_at

INPUTS = 50


def main(home: Path) -> None:
    """Begin, or go on with what was begun."""
    with desk_at(home) as desk:
        workflows, runs = desk.studio.workflows, desk.studio.library.workflow_runs
        if begun := runs.runs():
            runner = workflows.resume(begun[0])
        else:
            given = [Given(text=f"input {number}") for number in range(INPUTS)]
            runner = workflows.start(THREE_STEPS, given)
        done = [0]

        def tell(job: object) -> None:
            if not getattr(job, "is_live", True):
                done[0] += 1
                print("step", done[0], flush=True)

        desk.studio.jobs.on_change(tell)
        desk.finish(runner)
        print("over", runner.done, flush=True)


if __name__ == "__main__":
    guards.pytest_configure()  # a kill, unlike a power cut, leaves what was handed to the system
    main(Path(sys.argv[1]))
