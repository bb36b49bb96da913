"""Imports a program once and runs it in forks, each stopped until its tracer says go.

Run as ``python nursery.py PROGRAM``. Each line of standard input is a JSON list: the file for the
standard error, and the words of the program. Prints the process id, and then how it ended.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys


def be(program: str, errors: str, *words: str) -> None:
    """Be the program, once somebody watches."""
    sys.stdin.close()
    file = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
    sys.argv = [program, *words]
    os.kill(os.getpid(), signal.SIGSTOP)
    runpy.run_path(program, run_name="__main__")


def main(program: str) -> None:
    """Run it as often as asked."""
    sys.path.insert(0, os.path.dirname(program))
    runpy.run_path(program, run_name="imported")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            be(program, *json.loads(line))
            return
        os.waitpid(child, os.WUNTRACED)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
