"""A studio that is about to be killed: brings a job to a moment, says who is who, and waits.

Usage: doomed_studio.py HOME MOMENT [orphan]
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.faults.runtime.conftest import PLUGINS, Bench


def main(home: str, moment: str, orphan: str = "") -> None:
    """Print one line of JSON, then pump until the end."""
    sys.path.append(str(PLUGINS))
    bench = Bench(Path(home))
    done = bench.run("write", prompt="made in time")
    strays = [stray.pid for stray in bench.strays()] if moment == "stray" else []
    job = None if moment == "stray" else bench.bring_to(moment)
    pids = [bench.pid()]
    if moment == "generating" and job is not None:
        pids.append(bench.sleeper(job).pid)
    told = {
        "pids": pids,
        "strays": strays,
        "job": job.id if job else "",
        "saved": done.artifacts[0].id,
    }
    if orphan:
        stray = [sys.executable, "-c", "import time; time.sleep(600)"]
        told["orphan"] = subprocess.Popen(stray, start_new_session=True).pid
    print(json.dumps(told), flush=True)
    bench.until(lambda: False)


if __name__ == "__main__":
    main(*sys.argv[1:])
